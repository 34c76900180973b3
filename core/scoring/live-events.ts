/** What an event changes in live state. The server and the replay of its log say the same. */
import { EVENT_KINDS, type ShopperEvent } from '../contract/events.ts'
import { hashOf, type KeyRoom, subjectOf } from './keys.ts'

export interface EventEffect {
  subject: { lo: number; hi: number }
  event: { itemLo: number; itemHi: number; kind: number; time: number } | null
  contact: CampaignMark | null
  /** A purchase that used an offer. */
  use: CampaignMark | null
}

interface CampaignMark {
  campaignHash: number
  time: number
}

/**
 * Null: nothing to remember. `shown` is no history, it only counts against the campaign's contact cap; everything
 * else about an item is history. `isRedeemed`: the campaign's uses are its redemptions, whatever purchases tell of them.
 */
export function effectOfEvent(
  room: KeyRoom,
  event: Omit<ShopperEvent, 'time'>,
  time: number,
  isRedeemed: boolean,
): EventEffect | null {
  const subject = subjectOf(event)
  if (subject === null) return null
  const isShown = event.kind === 'shown'
  const { campaign } = event
  if ((isShown && campaign === undefined) || (!isShown && event.item === undefined)) return null
  const mark = campaign === undefined ? null : { campaignHash: hashOf(room, campaign).lo, time }
  return {
    subject: hashOf(room, subject),
    event: isShown || event.item === undefined ? null : historyOf(room, event.item, event.kind, time),
    contact: isShown ? mark : null,
    use: event.kind === 'purchase' && !isRedeemed ? mark : null,
  }
}

function historyOf(room: KeyRoom, item: string, kind: ShopperEvent['kind'], time: number) {
  const { lo, hi } = hashOf(room, item)
  return { itemLo: lo, itemHi: hi, kind: EVENT_KINDS.indexOf(kind), time }
}
