/** Snapshots that stay whatever comes after them: `pins/<id>.json` in the store, a file each, so that no process edits another's. */
import { mkdir, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'
import { syncFolder, writeDurably, writeFully } from './files.ts'
import { isSnapshotId, snapshotIds, unknownSnapshot } from './store.ts'

const SUFFIX = '.json'

/** `time`: milliseconds since 1970. Throws `unknown_snapshot`. */
export async function pinSnapshot(store: string, id: SnapshotId, time: number): Promise<void> {
  if (!(await snapshotIds(store)).includes(id)) throw unknownSnapshot(id)
  await mkdir(folderOf(store), { recursive: true })
  const text = `${JSON.stringify({ v: 1, time })}\n`
  await writeDurably(join(folderOf(store), `${id}${SUFFIX}`), (file) => writeFully(file, Buffer.from(text), 0))
}

/** Throws `not_found` where it is not pinned. */
export async function unpinSnapshot(store: string, id: SnapshotId): Promise<void> {
  await unlink(join(folderOf(store), `${id}${SUFFIX}`)).catch((error) => {
    if (error.code !== 'ENOENT') throw error
    throw new OfferwrightError('not_found', `snapshot ${id} is not pinned`, { field: 'id', value: id })
  })
  await syncFolder(folderOf(store))
}

export async function pinnedSnapshots(store: string): Promise<Set<SnapshotId>> {
  const names = await readdir(folderOf(store)).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
  return new Set(ids.filter(isSnapshotId))
}

function folderOf(store: string): string {
  return join(store, 'pins')
}
