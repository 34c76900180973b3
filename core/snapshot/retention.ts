/**
 * Which snapshots stay and which may go. One stays that is current, that served before it (the nearest few), that is pinned, that
 * a server uses, or that is not older than the current one: whoever published it may activate it yet. All others go.
 *
 * A folder that goes is first renamed, so that nobody opens half of it; should it have become current or used in that moment, it
 * is renamed back.
 */
import { randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'
import { syncFolder } from './files.ts'
import { pinnedSnapshots } from './pins.ts'
import { ancestorsInStore, currentSnapshot, type ListedSnapshot, listSnapshots } from './store.ts'
import { usersOf } from './users.ts'
import { TEMPORARY } from './write.ts'

/** How many snapshots that served before stay where nothing else is said. */
export const KEPT_PARENTS = 5

export interface Retained {
  id: SnapshotId
  /** Why it stays; null: it may go. */
  why: string | null
}

/** In the order of `listSnapshots`. `parents`: how many that served before the current one stay. */
export async function retention(store: string, parents: number): Promise<Retained[]> {
  const listed = await listSnapshots(store)
  const current = listed.find((snapshot) => snapshot.current)
  const ancestors = current === undefined ? [] : (await ancestorsInStore(store, current.id)).slice(0, parents)
  const pinned = await pinnedSnapshots(store)
  const users = await usersOf(store)
  const whyOf = (snapshot: ListedSnapshot): string | null => {
    const { id } = snapshot
    if (snapshot.current) return 'current'
    if (ancestors.includes(id)) return 'served before'
    if (pinned.has(id)) return 'pinned'
    if (users.has(id)) return `used by ${users.get(id)?.join(', ')}`
    return waits(snapshot, current) ? 'not older than the current one' : null
  }
  return listed.map((snapshot) => ({ id: snapshot.id, why: whyOf(snapshot) }))
}

/** Without a current one everything waits. */
function waits(snapshot: ListedSnapshot, current: ListedSnapshot | undefined): boolean {
  if (current === undefined) return true
  if (!('epoch' in snapshot && 'epoch' in current) || snapshot.rolledBack !== undefined) return false
  return snapshot.epoch >= current.epoch
}

/** Deletes what may go; answers what became of each. Throws `invalid_value`. */
export async function pruneSnapshots(store: string, parents: number): Promise<Retained[]> {
  if (!Number.isInteger(parents) || parents < 0)
    throw new OfferwrightError('invalid_value', `invalid parents: ${parents}`, { field: 'parents', value: parents })
  const planned = await retention(store, parents)
  const done: Retained[] = []
  for (const snapshot of planned) done.push(snapshot.why === null ? await remove(store, snapshot.id) : snapshot)
  return done
}

async function remove(store: string, id: SnapshotId): Promise<Retained> {
  const gone = join(store, `${TEMPORARY}gone-${randomBytes(6).toString('hex')}`)
  await rename(join(store, id), gone)
  const taken = await takenMeanwhile(store, id)
  // Without it a power cut could keep the name and not the files.
  await syncFolder(store)
  if (taken === null) await rm(gone, { recursive: true, force: true })
  else await rename(gone, join(store, id))
  await syncFolder(store)
  return { id, why: taken }
}

async function takenMeanwhile(store: string, id: SnapshotId): Promise<string | null> {
  if ((await currentSnapshot(store)) === id) return 'current'
  const users = (await usersOf(store)).get(id)
  return users === undefined ? null : `used by ${users.join(', ')}`
}
