/** `offerwright snapshot pin, unpin, prune, sign, history, roll-back`: what stays, what goes, and the way back. */
import type { KeyObject } from 'node:crypto'
import type { Command } from 'commander'
import { activationHistory } from '../core/snapshot/history.ts'
import { pinSnapshot, unpinSnapshot } from '../core/snapshot/pins.ts'
import { KEPT_PARENTS, pruneSnapshots, retention } from '../core/snapshot/retention.ts'
import { writeSignature } from '../core/snapshot/signature.ts'
import { rollBackSnapshot, snapshotFolder } from '../core/snapshot/store.ts'
import { readManifestBytes, verifySnapshot } from '../core/snapshot/verify.ts'
import { shopFolders } from './home.ts'
import { wholeNumber } from './number-options.ts'
import { signingKey } from './signing-keys.ts'
import { resolveSnapshotId } from './snapshot-id.ts'
import { leaf, type OutputOptions, print } from './snapshot-leaf.ts'
import { table } from './table.ts'

interface PruneOptions extends OutputOptions {
  parents: number
  dryRun?: boolean
}

interface SignOptions extends OutputOptions {
  signingKey: KeyObject
}

interface RollBackOptions extends OutputOptions {
  reason: string
}

export function keepingCommands(): Command[] {
  return [
    leaf('pin', 'keep a snapshot whatever comes after it', 'offerwright snapshot pin 3f9a')
      .argument('[id]', 'id, the start of one, or `current`', 'current')
      .action(pin),
    leaf('unpin', 'let a pinned snapshot go when its time comes', 'offerwright snapshot unpin 3f9a')
      .argument('<id>', 'id or the start of one')
      .action(unpin),
    leaf(
      'prune',
      'delete what is neither current, nor served shortly before, nor pinned, nor in use',
      'offerwright snapshot prune --parents 2 --dry-run',
    )
      .option('--parents <n>', 'snapshots that served before and stay', wholeNumber, KEPT_PARENTS)
      .option('--dry-run', 'only tell what would go')
      .action(prune),
    leaf('sign', 'sign a snapshot, again when keys change', 'offerwright snapshot sign current --signing-key new.pem')
      .argument('[id]', 'id, the start of one, or `current`', 'current')
      .requiredOption('--signing-key <file>', 'Ed25519 private key in PEM', signingKey)
      .action(sign),
    leaf('history', 'what was activated when, and why, oldest first', 'offerwright snapshot history').action(history),
    leaf('roll-back', 'return to the snapshot before', 'offerwright snapshot roll-back --reason "offers too deep"')
      .option('--reason <text>', 'what was wrong; kept in the history', 'rolled back by hand')
      .action(rollBack),
  ]
}

async function pin(id: string, options: OutputOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const found = await resolveSnapshotId(store, id)
  await pinSnapshot(store, found, Date.now())
  print(options, { id: found, pinned: true }, [`${found} is pinned`])
}

async function unpin(id: string, options: OutputOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const found = await resolveSnapshotId(store, id)
  await unpinSnapshot(store, found)
  print(options, { id: found, pinned: false }, [`${found} is not pinned any more`])
}

async function prune(options: PruneOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const { dryRun, parents } = options
  const snapshots = dryRun ? await retention(store, parents) : await pruneSnapshots(store, parents)
  const gone = dryRun ? 'would go' : 'deleted'
  const lines = snapshots.map(({ id, why }) => `${id.slice(0, 12)}  ${why === null ? gone : `stays: ${why}`}`)
  print(options, { dryRun: dryRun === true, snapshots }, lines.length > 0 ? lines : ['no snapshot is published yet'])
}

/** Every byte is checked first: a signature says that somebody stands for them. */
async function sign(id: string, options: SignOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const found = await resolveSnapshotId(store, id)
  const folder = snapshotFolder(store, found)
  await verifySnapshot(folder, found)
  await writeSignature(folder, await readManifestBytes(folder), options.signingKey)
  print(options, { id: found, signed: true }, [`${found} is signed`])
}

async function history(options: OutputOptions): Promise<void> {
  const rows = await activationHistory(shopFolders(options).snapshots)
  const cells = rows.map(({ time, id, from, by, reason }) => [
    new Date(time).toISOString(),
    id.slice(0, 12),
    from?.slice(0, 12) ?? 'none',
    by,
    reason ?? '',
  ])
  const titles = ['time', 'snapshot', 'before it', 'by', 'why'].map((title) => ({ title }))
  print(options, rows, table(titles, cells))
}

async function rollBack(options: RollBackOptions): Promise<void> {
  const moved = await rollBackSnapshot(shopFolders(options).snapshots, { time: Date.now(), reason: options.reason })
  print(options, moved, [`current is ${moved?.to}, rolled back from ${moved?.from}: ${options.reason}`])
}
