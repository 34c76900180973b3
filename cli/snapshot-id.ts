/** Which snapshot a command line means. */
import { OfferwrightError } from '../core/contract/errors.ts'
import type { SnapshotId } from '../core/contract/ids.ts'
import { currentSnapshot, listSnapshots } from '../core/snapshot/store.ts'

/** An id, the start of exactly one, or `current`. Throws `unknown_snapshot`. */
export async function resolveSnapshotId(store: string, text: string): Promise<SnapshotId> {
  if (text === 'current') {
    const current = await currentSnapshot(store)
    if (current !== null) return current
    throw new OfferwrightError('unknown_snapshot', `no snapshot is active in ${store}`, { field: 'id', value: text })
  }
  const matching = (await listSnapshots(store)).filter(({ id }) => id.startsWith(text))
  if (matching.length === 1) return matching[0].id
  const count = matching.length === 0 ? 'no snapshot starts' : `${matching.length} snapshots start`
  throw new OfferwrightError('unknown_snapshot', `${count} with ${text}`, { field: 'id', value: text })
}
