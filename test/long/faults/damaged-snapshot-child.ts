/**
 * Damages a snapshot again and again and opens it as a server does: verified first, and only what was accepted goes on to the
 * kernel and to hnswlib. A process of its own, so that a crash of native code ends it and not who counts.
 *
 * Every damage hangs on the seed and its number alone, so a process that takes over goes on with the next one.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../../../bench/random.ts'
import { OfferwrightError } from '../../../core/contract/errors.ts'
import { openSnapshot, type SnapshotImage } from '../../../core/snapshot/open.ts'
import { damaged, type Files, flipped, truncated } from './damage.ts'

/** `any`: any damage to any files; `flip`, `truncate`: of one file, the files taking turns. */
export type Damage = 'any' | 'flip' | 'truncate'

export interface DamageTask {
  folder: string
  id: string
  publicKey: string
  damage: Damage
  seed: number
  from: number
  until: number
}

export interface DamageCounts {
  refused: number
  /** Damage that happened to change no byte, such as two equal blocks that changed places. */
  unchanged: number
  /** Opened although its bytes are others. */
  wrongAccepted: number
  /** Refused by something else than a check: a bug. */
  otherErrors: number
  /** Native libraries of snapshots that this process had loaded. */
  nativeLoads: number
}

export interface DamageReport {
  next: number
  counts: DamageCounts
}

const REPORT_EVERY = 500
const SEEDS_APART = 1_000_003

process.once('message', (task: DamageTask) => {
  damageAll(task).then(
    () => process.disconnect(),
    (error) => {
      process.stderr.write(`${error.stack}\n`)
      process.exit(1)
    },
  )
})

async function damageAll(task: DamageTask): Promise<void> {
  const publicKeys = [createPublicKey(task.publicKey)]
  const files: Files = new Map(
    readdirSync(task.folder)
      .sort()
      .map((name) => [name, readFileSync(join(task.folder, name))]),
  )
  let counts = nothing()
  for (let n = task.from; n < task.until; n++) {
    await damageOne(task, publicKeys, files, n, counts)
    if ((n + 1 - task.from) % REPORT_EVERY !== 0 && n + 1 < task.until) continue
    counts.nativeLoads = nativeLibraries()
    process.send?.({ next: n + 1, counts } satisfies DamageReport)
    counts = nothing()
  }
}

async function damageOne(
  task: DamageTask,
  publicKeys: KeyObject[],
  files: Files,
  n: number,
  counts: DamageCounts,
): Promise<void> {
  const spoilt = [...spoiltBy(task, files, n)].filter(([name, bytes]) => !files.get(name)?.equals(bytes))
  if (spoilt.length === 0) {
    counts.unchanged++
    return
  }
  for (const [name, bytes] of spoilt) overwrite(join(task.folder, name), bytes)
  try {
    const image = await opened(task, publicKeys)
    counts.wrongAccepted++
    await useNatively(image)
  } catch (error) {
    if (error instanceof OfferwrightError && error.code.startsWith('snapshot_')) counts.refused++
    else counts.otherErrors++
  }
  for (const [name] of spoilt) overwrite(join(task.folder, name), files.get(name) ?? Buffer.alloc(0))
}

/** In place: a file that is emptied first is flushed by some file systems when it is closed, which takes most of the time. */
function overwrite(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes)
  ftruncateSync(file, bytes.length)
  closeSync(file)
}

function spoiltBy({ damage, seed }: DamageTask, files: Files, n: number): Files {
  const random = new Random(seed * SEEDS_APART + n)
  if (damage === 'any') return damaged(files, random)
  const names = [...files.keys()]
  const file = names[n % names.length]
  return damage === 'flip' ? flipped(files, file, random) : truncated(files, file, random)
}

function opened({ folder, id }: DamageTask, publicKeys: KeyObject[]): Promise<SnapshotImage> {
  return openSnapshot(folder, { expectedId: id, reserveBytes: () => 1 << 20, publicKeys, requireSignature: true })
}

/** What a server does with what was accepted. Loaded here alone, so that `nativeLoads` tells whether it came to that. */
async function useNatively(image: SnapshotImage): Promise<void> {
  const { openGeneration } = await import('../../../core/scoring/generation.ts')
  openGeneration(image, 0)
}

function nativeLibraries(): number {
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] }
  return sharedObjects.filter((file) => /hnswlib|addon\.node$/.test(file)).length
}

function nothing(): DamageCounts {
  return { refused: 0, unchanged: 0, wrongAccepted: 0, otherErrors: 0, nativeLoads: 0 }
}
