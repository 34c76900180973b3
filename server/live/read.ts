/** One shopper's live state, as a decision reads it. */
import { clearLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import { hashOf, type KeyRoom, subjectOf } from '../../core/scoring/keys.ts'
import type { ShopperReader } from '../../core/store/shoppers.ts'

export interface AskedBy {
  shopper?: string
  session?: string
  personalise?: boolean
}

/** Fills and returns `into`: empty where nobody is named, or nothing personal may be used. */
export function readLive(
  room: KeyRoom,
  shoppers: ShopperReader,
  asked: AskedBy,
  into: LiveShopperColumns,
): LiveShopperColumns {
  const subject = asked.personalise === false ? null : subjectOf(asked)
  clearLiveShopper(into)
  if (subject === null) return into
  const { lo, hi } = hashOf(room, subject)
  shoppers.read(lo, hi, into)
  return into
}
