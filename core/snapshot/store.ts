/** Where snapshots live: a folder of folders named by id, and the pointer `CURRENT`, which holds one of the ids. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fault, OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'
import { writeDurably, writeFully } from './files.ts'
import { type Activation, activationHistory, ancestorsOf, noteActivation, refusalOf } from './history.ts'
import { footprint } from './open.ts'
import { readManifest } from './verify.ts'

export const CURRENT_FILE = 'CURRENT'

const ID = /^[0-9a-f]{64}$/

/**
 * One line of `snapshot list`; a folder whose manifest is refused is listed with its fault. `rolledBack`: why, where it was and
 * was not activated since.
 */
export type ListedSnapshot = { id: SnapshotId; current: boolean; rolledBack?: string } & (
  | {
      parent: SnapshotId | null
      epoch: number
      watermark: number
      items: number
      shoppers: number
      bytes: number
    }
  | { fault: Fault }
)

export function isSnapshotId(text: string): boolean {
  return ID.test(text)
}

/** Throws `unknown_snapshot` unless `id` has the form of an id, so that no other path can be asked for. */
export function snapshotFolder(store: string, id: SnapshotId): string {
  if (!ID.test(id)) throw unknownSnapshot(id)
  return join(store, id)
}

/**
 * Points `CURRENT` at a snapshot whose manifest is sound; servers that watch it verify the rest before they take it. The history
 * tells of it first. Throws `conflict` where what was rolled back is published again: that takes a hand.
 */
export async function activateSnapshot(
  store: string,
  id: SnapshotId,
  { time, by, reason }: Pick<Activation, 'time' | 'by' | 'reason'>,
): Promise<void> {
  const folder = snapshotFolder(store, id)
  if (!(await snapshotIds(store)).includes(id)) throw unknownSnapshot(id)
  await readManifest(folder, id)
  if (by === 'publish') await refuseRolledBack(store, id)
  const from = await currentSnapshot(store)
  await noteActivation(store, { v: 1, time, id, from, by, ...(reason === undefined ? {} : { reason }) })
  await writeDurably(join(store, CURRENT_FILE), (file) => writeFully(file, Buffer.from(`${id}\n`), 0))
}

/** Time in milliseconds since 1970. */
export interface RollBack {
  time: number
  reason: string
  /** What must be current for the pointer to move; absent: whatever is. */
  from?: SnapshotId
  /** Absent: the nearest ancestor that is still there. */
  to?: SnapshotId
}

/**
 * Returns to the snapshot before the current one, and remembers why. Answers with what moved; null where `from` is not current
 * any more. Throws `unknown_snapshot` where there is none to return to.
 */
export async function rollBackSnapshot(
  store: string,
  { time, reason, from, to }: RollBack,
): Promise<{ from: SnapshotId; to: SnapshotId } | null> {
  const current = await currentSnapshot(store)
  if (from !== undefined && current !== from) return null
  const target = to ?? (current === null ? undefined : (await ancestorsInStore(store, current))[0])
  if (current === null || target === undefined)
    throw new OfferwrightError('unknown_snapshot', 'there is no snapshot before the current one to return to', {
      field: 'id',
      value: current,
    })
  await activateSnapshot(store, target, { time, by: 'roll-back', reason })
  return { from: current, to: target }
}

/** What served before, nearest first, as far as it is still there: by the history, then by what each was trained after. */
export async function ancestorsInStore(store: string, id: SnapshotId): Promise<SnapshotId[]> {
  const history = await activationHistory(store)
  const listed = await listSnapshots(store)
  const parentOf = new Map(listed.map((snapshot) => [snapshot.id, 'parent' in snapshot ? snapshot.parent : null]))
  const ancestors = new Set(ancestorsOf(history, id))
  for (let parent = parentOf.get(id) ?? null; parent !== null; parent = parentOf.get(parent) ?? null)
    if (refusalOf(history, parent) === null) ancestors.add(parent)
  ancestors.delete(id)
  return [...ancestors].filter((ancestor) => parentOf.has(ancestor))
}

async function refuseRolledBack(store: string, id: SnapshotId): Promise<void> {
  const reason = refusalOf(await activationHistory(store), id)
  if (reason === null) return
  throw new OfferwrightError(
    'conflict',
    `snapshot ${id} was rolled back (${reason}); \`offerwright snapshot activate\` takes it all the same`,
    { field: 'id', value: id },
  )
}

/** null: nothing was ever activated. Throws `snapshot_corrupt` when the pointer does not hold an id. */
export async function currentSnapshot(store: string): Promise<SnapshotId | null> {
  const text = await unlessAbsent(readFile(join(store, CURRENT_FILE), 'latin1'))
  if (text === null) return null
  const id = text.endsWith('\n') ? text.slice(0, -1) : text
  if (ID.test(id)) return id
  throw new OfferwrightError(
    'snapshot_corrupt',
    `${CURRENT_FILE} does not hold a snapshot id: ${JSON.stringify(text)}`,
    {
      field: CURRENT_FILE,
      value: text,
    },
  )
}

/** Changes with every activation, also of the same snapshot again; null: nothing was ever activated. */
export async function pointerVersion(store: string): Promise<string | null> {
  const found = await unlessAbsent(stat(join(store, CURRENT_FILE)))
  return found === null ? null : [found.ino, found.mtimeMs, found.ctimeMs].join(' ')
}

/** Oldest epoch first. */
export async function listSnapshots(store: string): Promise<ListedSnapshot[]> {
  const current = await currentSnapshot(store)
  const history = await activationHistory(store)
  const listed: ListedSnapshot[] = []
  for (const id of await snapshotIds(store)) {
    const rolledBack = refusalOf(history, id)
    const told = rolledBack === null ? {} : { rolledBack }
    listed.push({ id, current: id === current, ...told, ...(await summary(store, id)) })
  }
  return listed.sort((a, b) => epochOf(a) - epochOf(b) || (a.id < b.id ? -1 : 1))
}

async function summary(store: string, id: SnapshotId) {
  try {
    const { manifest } = await readManifest(join(store, id), id)
    const { parent, epoch, watermark, segments } = manifest
    const [{ items, shoppers }] = segments
    return { parent, epoch, watermark, items, shoppers, bytes: footprint({ manifest }).totalBytes }
  } catch (error) {
    if (error instanceof OfferwrightError) return { fault: error.toJSON().error }
    throw error
  }
}

function epochOf(snapshot: ListedSnapshot): number {
  return 'epoch' in snapshot ? snapshot.epoch : 0
}

export async function snapshotIds(store: string): Promise<SnapshotId[]> {
  const names = await unlessAbsent(readdir(store))
  return (names ?? []).filter((name) => ID.test(name))
}

async function unlessAbsent<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

export function unknownSnapshot(id: string): OfferwrightError {
  return new OfferwrightError('unknown_snapshot', `unknown snapshot: ${id}`, { field: 'id', value: id })
}
