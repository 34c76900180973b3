/**
 * What is live about one shopper, in columns: the form in which the store hands it to scoring.
 * `decision-row.ts` has the same in JSON, for the log and the CLI.
 */
import type { LiveShopper } from './decision-row.ts'
import { EVENT_KINDS } from './events.ts'

/** Most events and most contacts that are remembered of one shopper. */
export const LIVE_EVENTS = 32
export const LIVE_CONTACTS = 32

/** Newest first. Columns may be longer than what they hold. */
export interface LiveShopperColumns {
  nEvents: number
  /** XXH64 of the item keys: low word, high word, low word, … */
  eventHashes: Uint32Array
  /** Positions in `EVENT_KINDS`. */
  eventKinds: Uint8Array
  /** Milliseconds since 1970. */
  eventTimes: Float64Array
  nContacts: number
  /** Low words of XXH64 of the campaign ids. */
  contactHashes: Uint32Array
  contactTimes: Float64Array
}

export function emptyLiveShopper(): LiveShopperColumns {
  return {
    nEvents: 0,
    eventHashes: new Uint32Array(2 * LIVE_EVENTS),
    eventKinds: new Uint8Array(LIVE_EVENTS),
    eventTimes: new Float64Array(LIVE_EVENTS),
    nContacts: 0,
    contactHashes: new Uint32Array(LIVE_CONTACTS),
    contactTimes: new Float64Array(LIVE_CONTACTS),
  }
}

const hex32 = (word: number) => word.toString(16).padStart(8, '0')

export function liveShopperToRow(live: LiveShopperColumns): LiveShopper {
  return {
    events: Array.from({ length: live.nEvents }, (_, i) => ({
      itemHash: hex32(live.eventHashes[2 * i + 1]) + hex32(live.eventHashes[2 * i]),
      kind: EVENT_KINDS[live.eventKinds[i]],
      time: live.eventTimes[i],
    })),
    contacts: Array.from({ length: live.nContacts }, (_, i) => ({
      campaignHash: hex32(live.contactHashes[i]),
      time: live.contactTimes[i],
    })),
  }
}

export function liveShopperFromRow(row: LiveShopper): LiveShopperColumns {
  const live = emptyLiveShopper()
  live.nEvents = row.events.length
  row.events.forEach((event, i) => {
    live.eventHashes[2 * i] = Number.parseInt(event.itemHash.slice(8), 16)
    live.eventHashes[2 * i + 1] = Number.parseInt(event.itemHash.slice(0, 8), 16)
    live.eventKinds[i] = EVENT_KINDS.indexOf(event.kind)
    live.eventTimes[i] = event.time
  })
  live.nContacts = row.contacts.length
  row.contacts.forEach((contact, i) => {
    live.contactHashes[i] = Number.parseInt(contact.campaignHash, 16)
    live.contactTimes[i] = contact.time
  })
  return live
}
