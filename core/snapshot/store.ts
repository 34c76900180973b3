/** Where snapshots live: a folder of folders named by id, and the pointer `CURRENT`, which holds one of the ids. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fault, OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'
import { writeDurably, writeFully } from './files.ts'
import { footprint } from './open.ts'
import { readManifest } from './verify.ts'

export const CURRENT_FILE = 'CURRENT'

const ID = /^[0-9a-f]{64}$/

/** One line of `snapshot list`; a folder whose manifest is refused is listed with its fault. */
export type ListedSnapshot = { id: SnapshotId; current: boolean } & (
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

/** Throws `unknown_snapshot` unless `id` has the form of an id, so that no other path can be asked for. */
export function snapshotFolder(store: string, id: SnapshotId): string {
  if (!ID.test(id)) throw unknown(id)
  return join(store, id)
}

/** Points `CURRENT` at a snapshot whose manifest is sound; servers that watch it verify the rest before they take it. */
export async function activateSnapshot(store: string, id: SnapshotId): Promise<void> {
  const folder = snapshotFolder(store, id)
  if (!(await snapshotIds(store)).includes(id)) throw unknown(id)
  await readManifest(folder, id)
  await writeDurably(join(store, CURRENT_FILE), (file) => writeFully(file, Buffer.from(`${id}\n`), 0))
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

/** Oldest epoch first. */
export async function listSnapshots(store: string): Promise<ListedSnapshot[]> {
  const current = await currentSnapshot(store)
  const listed: ListedSnapshot[] = []
  for (const id of await snapshotIds(store)) listed.push({ id, current: id === current, ...(await summary(store, id)) })
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

async function snapshotIds(store: string): Promise<SnapshotId[]> {
  const names = await unlessAbsent(readdir(store))
  return (names ?? []).filter((name) => ID.test(name))
}

async function unlessAbsent<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

function unknown(id: string): OfferwrightError {
  return new OfferwrightError('unknown_snapshot', `unknown snapshot: ${id}`, { field: 'id', value: id })
}
