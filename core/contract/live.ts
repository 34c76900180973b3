/**
 * What is live about one shopper, in columns: the form in which the store hands it to scoring.
 * `decision-row.ts` has the same in JSON, for the log and the CLI.
 */
import type { LiveShopper } from './decision-row.ts'
import { EVENT_KINDS } from './events.ts'

/** Most events, contacts and redemptions that are remembered of one shopper, and most offers held at a time. */
export const LIVE_EVENTS = 32
export const LIVE_CONTACTS = 32
export const LIVE_USES = 16
export const LIVE_OFFERS = 32

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
  /** Orders that used a campaign's offer. */
  nUses: number
  useHashes: Uint32Array
  useTimes: Float64Array
  /** Offers issued that still hold, in the order in which they were issued, and how many more may be. */
  nOffers: number
  offerRoom: number
  /** XXH64 of the item keys, low word first; both 0 for the basket. */
  offerItems: Uint32Array
  offerCampaigns: Uint32Array
  /** Minor units taken off; the reward of a spend threshold. */
  offerMinor: Int32Array
  /** Minor units to be spent for it; 0 for an item. */
  offerThresholds: Int32Array
  /** Milliseconds since 1970. */
  offerUntil: Float64Array
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
    nUses: 0,
    useHashes: new Uint32Array(LIVE_USES),
    useTimes: new Float64Array(LIVE_USES),
    nOffers: 0,
    offerRoom: LIVE_OFFERS,
    offerItems: new Uint32Array(2 * LIVE_OFFERS),
    offerCampaigns: new Uint32Array(LIVE_OFFERS),
    offerMinor: new Int32Array(LIVE_OFFERS),
    offerThresholds: new Int32Array(LIVE_OFFERS),
    offerUntil: new Float64Array(LIVE_OFFERS),
  }
}

/** Nothing is known; the columns are used again. */
export function clearLiveShopper(live: LiveShopperColumns): void {
  live.nEvents = 0
  live.nContacts = 0
  live.nUses = 0
  live.nOffers = 0
  live.offerRoom = LIVE_OFFERS
}

const hex32 = (word: number) => word.toString(16).padStart(8, '0')
const hex64 = (words: Uint32Array, i: number) => hex32(words[2 * i + 1]) + hex32(words[2 * i])
const word = (hex: string) => Number.parseInt(hex, 16)

export function liveShopperToRow(live: LiveShopperColumns): LiveShopper {
  return {
    events: Array.from({ length: live.nEvents }, (_, i) => ({
      itemHash: hex64(live.eventHashes, i),
      kind: EVENT_KINDS[live.eventKinds[i]],
      time: live.eventTimes[i],
    })),
    contacts: marksToRow(live.nContacts, live.contactHashes, live.contactTimes),
    uses: marksToRow(live.nUses, live.useHashes, live.useTimes),
    offers: Array.from({ length: live.nOffers }, (_, i) => ({
      itemHash: hex64(live.offerItems, i),
      campaignHash: hex32(live.offerCampaigns[i]),
      minor: live.offerMinor[i],
      threshold: live.offerThresholds[i],
      until: live.offerUntil[i],
    })),
    offerRoom: live.offerRoom,
  }
}

function marksToRow(n: number, hashes: Uint32Array, times: Float64Array): LiveShopper['contacts'] {
  return Array.from({ length: n }, (_, i) => ({ campaignHash: hex32(hashes[i]), time: times[i] }))
}

/** Rows of earlier versions tell of no uses and no offers. */
export function liveShopperFromRow(row: LiveShopper): LiveShopperColumns {
  const live = emptyLiveShopper()
  live.nEvents = row.events.length
  row.events.forEach((event, i) => {
    writeHash(live.eventHashes, i, event.itemHash)
    live.eventKinds[i] = EVENT_KINDS.indexOf(event.kind)
    live.eventTimes[i] = event.time
  })
  live.nContacts = writeMarks(row.contacts, live.contactHashes, live.contactTimes)
  live.nUses = writeMarks(row.uses ?? [], live.useHashes, live.useTimes)
  const offers = row.offers ?? []
  live.nOffers = offers.length
  live.offerRoom = row.offerRoom ?? LIVE_OFFERS - offers.length
  offers.forEach((offer, i) => {
    writeHash(live.offerItems, i, offer.itemHash)
    live.offerCampaigns[i] = word(offer.campaignHash)
    live.offerMinor[i] = offer.minor
    live.offerThresholds[i] = offer.threshold
    live.offerUntil[i] = offer.until
  })
  return live
}

function writeHash(words: Uint32Array, i: number, hex: string): void {
  words[2 * i] = word(hex.slice(8))
  words[2 * i + 1] = word(hex.slice(0, 8))
}

function writeMarks(marks: LiveShopper['contacts'], hashes: Uint32Array, times: Float64Array): number {
  marks.forEach((mark, i) => {
    hashes[i] = word(mark.campaignHash)
    times[i] = mark.time
  })
  return marks.length
}
