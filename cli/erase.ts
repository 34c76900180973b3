/** `offerwright erase`: what is held of a shopper goes, while no server runs; a server that runs does it itself. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { usersOf } from '../core/snapshot/users.ts'
import { Erasures } from '../core/store/erasure/erasures.ts'
import { type Rewritten, rewriteSegments } from '../core/store/erasure/rewrite.ts'
import { eraseFromLedger } from '../core/store/ledger/erase.ts'
import { lockFolder } from '../core/store/log/lock.ts'
import { type ErasedData, eraseFromData } from '../training/erasure/erase-data.ts'
import { eraseFromParts } from '../training/erasure/erase-parts.ts'
import { type HomeOptions, type ShopFolders, shopFolders, withHome, withLedger } from './home.ts'

interface EraseOptions extends HomeOptions {
  shopper: string
  json?: boolean
}

export function eraseCommand(): Command {
  return withLedger(withHome(new Command('erase')))
    .description('take a shopper out of logs and imported data, and out of all snapshots to come; no server may run')
    .requiredOption('--shopper <key>', "the shopper's key")
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright erase --shopper s-17 && offerwright train && offerwright publish',
    )
    .action(erase)
}

async function erase({ shopper, json, ...options }: EraseOptions): Promise<void> {
  const folders = shopFolders(options)
  await refuseWhileServed(folders)
  await mkdir(folders.log, { recursive: true })
  const unlock = await lockFolder(folders.log)
  const erasures = Erasures.read(folders.log)
  const erasedAt = Date.now()
  try {
    erasures.add(shopper, erasedAt)
    const logs = await rewriteSegments(await segmentsIn(folders.log), erasures)
    const ledger = await eraseFromLedger(folders.ledger, erasures)
    const parquet = await eraseFromParts(folders.log, erasures)
    const data = await eraseFromData(folders.data, erasures)
    tell({ erasedAt, logs, parquet, ledger, data }, json)
  } finally {
    await unlock()
  }
}

interface Erased {
  erasedAt: number
  logs: Rewritten
  /** Rows taken out of the logs' Parquet. */
  parquet: number
  /** Rows of the ledger that named the shopper. */
  ledger: number
  data: ErasedData
}

function tell(told: Erased, json: boolean | undefined): void {
  const { logs, parquet, ledger, data } = told
  const line =
    `${logs.erased} rows taken out of ${logs.segments} segments of logs, ${parquet} out of their Parquet, ${ledger} out of the ledger, ${data.events} events of ${data.shoppers} shoppers out of ` +
    'the imported data; train, publish and `offerwright snapshot prune --parents 0` to have no snapshot left that knows the shopper'
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : `${line}\n`)
}

async function refuseWhileServed({ snapshots }: ShopFolders): Promise<void> {
  const users = new Set([...(await usersOf(snapshots)).values()].flat())
  if (users.size === 0) return
  throw new OfferwrightError(
    'conflict',
    `a server runs (${[...users].join(', ')}): DELETE /v1/shoppers/{key} erases there`,
    {
      field: 'shopper',
    },
  )
}

async function segmentsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => SEGMENT.test(name)).map((name) => join(folder, name))
}

const SEGMENT = /^[a-z]+-\d+\.(segment|ndjson)$/
