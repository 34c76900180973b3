/** A request worth trying first: of a shopper with a history who gets an offer. */
import type { DecideRequest } from '../core/contract/requests.ts'
import type { ShopFolders } from './home.ts'
import { LocalDecisions } from './local-decisions.ts'
import { resolveSnapshotId } from './snapshot-id.ts'

const SLOTS = 3
const LEAST_HISTORY = 5
/** Shoppers looked at before one without an offer has to do. */
const TRIES = 200

export async function firstRequest(folders: ShopFolders): Promise<DecideRequest> {
  const decisions = await LocalDecisions.open(folders, await resolveSnapshotId(folders.snapshots, 'current'))
  const now = Date.now()
  let tried = 0
  let fallback: DecideRequest = { slots: SLOTS }
  for (const { shopper, newest } of decisions.shoppersWithHistory(LEAST_HISTORY)) {
    const request = { shopper, item: newest, slots: SLOTS }
    const { items } = decisions.decide(JSON.stringify(request), now)
    if (items.some(({ offerReason }) => offerReason === 'incremental_value')) return request
    if (tried++ === 0) fallback = request
    if (tried === TRIES) break
  }
  return fallback
}
