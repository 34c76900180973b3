/**
 * Offers that shoppers hold: what was issued to a subject for an item, or for the basket, until it expires or is used. A
 * shopper who comes again is shown the same, whichever thread decides and whatever was published meanwhile.
 *
 * Shared memory, written by the threads that decide. A subject's record lies in the set that its hash picks; whoever decides
 * for a subject holds the lock of that set from reading what is held until writing what was issued, so two requests of one
 * shopper never draw two offers. A set is full when all its records hold offers that are still valid: nothing more is
 * issued there then, and nothing that was issued is taken back.
 *
 * A holder that died leaves its lock; whoever has waited `STEAL_MS` for one that did not change hands takes it over.
 */
import { LIVE_OFFERS, type LiveShopperColumns } from '../contract/live.ts'
import type { SubjectHash } from './shoppers.ts'

const WAYS = 8
/** Words of a set: its lock, then its records. */
const LOCK = 0
const RECORDS = 1
/** Words of a record. */
const KEY_LO = 0
const KEY_HI = 1
const ENTRIES = 2
/** Words of an entry; an entry whose time is over is free. */
const ITEM_LO = 0
const ITEM_HI = 1
const CAMPAIGN = 2
const MINOR = 3
const THRESHOLD = 4
const UNTIL_LO = 5
const UNTIL_HI = 6
const ENTRY_WORDS = 7
const RECORD_WORDS = ENTRIES + LIVE_OFFERS * ENTRY_WORDS
const SET_WORDS = RECORDS + WAYS * RECORD_WORDS

/** Upper word of a time before 1970. */
const OVER = -1

const TWO_32 = 2 ** 32
const WAIT_MS = 5
const STEAL_MS = 5000

/** Memory for offers of at least `capacity` subjects. */
export function keptOffersMemory(capacity: number): SharedArrayBuffer {
  const sets = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / WAYS)))
  return new SharedArrayBuffer(4 * sets * SET_WORDS)
}

/** `itemLo`, `itemHi`: XXH64 of the item key, both 0 for the basket; money in minor units, time in milliseconds since 1970. */
export interface KeptOffer {
  itemLo: number
  itemHi: number
  campaignHash: number
  minor: number
  thresholdMinor: number
  validUntil: number
}

/** Money in minor units, time in milliseconds since 1970. */
export type HeldOffer = Pick<KeptOffer, 'minor' | 'validUntil'>

export class KeptOffers {
  readonly #words: Int32Array
  readonly #sets: number
  readonly #holder: number

  /** `holder`: a number above 0 that no other thread has. */
  constructor(memory: SharedArrayBuffer, holder: number) {
    this.#words = new Int32Array(memory)
    this.#sets = this.#words.length / SET_WORDS
    this.#holder = holder
  }

  /** Waits until nobody else decides for this subject. */
  lock({ lo }: SubjectHash): void {
    const at = this.#set(lo) + LOCK
    const words = this.#words
    for (let waited = 0, last = 0; ; ) {
      const holder = Atomics.compareExchange(words, at, 0, this.#holder)
      if (holder === 0) return
      if (holder !== last) waited = 0
      last = holder
      if (waited >= STEAL_MS && Atomics.compareExchange(words, at, holder, this.#holder) === holder) return
      if (Atomics.wait(words, at, holder, WAIT_MS) === 'timed-out') waited += WAIT_MS
    }
  }

  unlock({ lo }: SubjectHash): void {
    const at = this.#set(lo) + LOCK
    Atomics.compareExchange(this.#words, at, this.#holder, 0)
    Atomics.notify(this.#words, at, 1)
  }

  /** Gives back the locks of a holder that died, so that nobody waits for them. */
  static giveBack(memory: SharedArrayBuffer, holder: number): void {
    const words = new Int32Array(memory)
    for (let at = LOCK; at < words.length; at += SET_WORDS)
      if (Atomics.compareExchange(words, at, holder, 0) === holder) Atomics.notify(words, at)
  }

  /** Fills the offers that hold at `time`, and how many more may be issued. To be called under the lock. */
  read(subject: SubjectHash, time: number, into: LiveShopperColumns): void {
    const record = this.#find(subject)
    into.nOffers = 0
    if (record >= 0) this.#copy(record, time, into)
    into.offerRoom = record >= 0 || this.#free(subject.lo, time) >= 0 ? LIVE_OFFERS - into.nOffers : 0
  }

  #copy(record: number, time: number, into: LiveShopperColumns): void {
    const words = this.#words
    for (let e = 0; e < LIVE_OFFERS; e++) {
      const at = record + ENTRIES + e * ENTRY_WORDS
      const until = this.#until(at)
      if (until <= time) continue
      const i = into.nOffers++
      into.offerItems[2 * i] = words[at + ITEM_LO]
      into.offerItems[2 * i + 1] = words[at + ITEM_HI]
      into.offerCampaigns[i] = words[at + CAMPAIGN]
      into.offerMinor[i] = words[at + MINOR]
      into.offerThresholds[i] = words[at + THRESHOLD]
      into.offerUntil[i] = until
    }
  }

  /** Keeps what was issued at `time`; false where there is no room for it. To be called under the lock. */
  add(
    subject: SubjectHash,
    { itemLo, itemHi, campaignHash, minor, thresholdMinor, validUntil }: KeptOffer,
    time: number,
  ) {
    const found = this.#find(subject)
    const record = found >= 0 ? found : this.#take(subject, time)
    const at = record < 0 ? -1 : this.#freeEntry(record, time)
    if (at < 0) return false
    const words = this.#words
    words[at + ITEM_LO] = itemLo
    words[at + ITEM_HI] = itemHi
    words[at + CAMPAIGN] = campaignHash
    words[at + MINOR] = minor
    words[at + THRESHOLD] = thresholdMinor
    words[at + UNTIL_LO] = validUntil >>> 0
    Atomics.store(words, at + UNTIL_HI, Math.floor(validUntil / TWO_32))
    return true
  }

  /** A used offer is held no longer. Needs no lock: it only ends an entry, and only the one that it found. */
  use(subject: SubjectHash, item: SubjectHash, campaignHash: number): void {
    const record = this.#find(subject)
    const words = this.#words
    for (let e = 0; record >= 0 && e < LIVE_OFFERS; e++) {
      const at = record + ENTRIES + e * ENTRY_WORDS
      const high = Atomics.load(words, at + UNTIL_HI)
      const isOfItem = words[at + ITEM_LO] === (item.lo | 0) && words[at + ITEM_HI] === (item.hi | 0)
      const isOfBasket = words[at + THRESHOLD] > 0
      if ((isOfItem || isOfBasket) && words[at + CAMPAIGN] === (campaignHash | 0))
        Atomics.compareExchange(words, at + UNTIL_HI, high, OVER)
    }
  }

  /** What a subject holds of one campaign at `time`. Needs no lock: an entry that changes meanwhile is told as it was, or not. */
  held(subject: SubjectHash, campaignHash: number, time: number): HeldOffer[] {
    const held: HeldOffer[] = []
    const record = this.#find(subject)
    const words = this.#words
    for (let e = 0; record >= 0 && e < LIVE_OFFERS; e++) {
      const at = record + ENTRIES + e * ENTRY_WORDS
      const validUntil = this.#until(at)
      if (validUntil > time && words[at + CAMPAIGN] === (campaignHash | 0))
        held.push({ minor: words[at + MINOR], validUntil })
    }
    return held
  }

  /** Ends what a subject holds of one campaign. Needs no lock, as `use`. */
  end(subject: SubjectHash, campaignHash: number): void {
    const record = this.#find(subject)
    const words = this.#words
    for (let e = 0; record >= 0 && e < LIVE_OFFERS; e++) {
      const at = record + ENTRIES + e * ENTRY_WORDS
      const high = Atomics.load(words, at + UNTIL_HI)
      if (words[at + CAMPAIGN] === (campaignHash | 0)) Atomics.compareExchange(words, at + UNTIL_HI, high, OVER)
    }
  }

  /** Ends all that a subject holds, and forgets what it was. To be called under the lock. */
  forget(subject: SubjectHash): void {
    const record = this.#find(subject)
    if (record < 0) return
    for (let e = 0; e < LIVE_OFFERS; e++) {
      const at = record + ENTRIES + e * ENTRY_WORDS
      Atomics.store(this.#words, at + UNTIL_HI, OVER)
      for (let word = 0; word < UNTIL_HI; word++) this.#words[at + word] = 0
    }
    this.#words[record + KEY_LO] = 0
    this.#words[record + KEY_HI] = 0
  }

  #set(lo: number): number {
    return (lo & (this.#sets - 1)) * SET_WORDS
  }

  #until(entry: number): number {
    return Atomics.load(this.#words, entry + UNTIL_HI) * TWO_32 + (this.#words[entry + UNTIL_LO] >>> 0)
  }

  #find({ lo, hi }: SubjectHash): number {
    const first = this.#set(lo) + RECORDS
    for (let way = 0; way < WAYS; way++) {
      const record = first + way * RECORD_WORDS
      if (this.#words[record + KEY_LO] === (lo | 0) && this.#words[record + KEY_HI] === (hi | 0)) return record
    }
    return -1
  }

  /** A record of the set that nobody has had yet, or none of whose offers hold any longer, or -1. */
  #free(lo: number, time: number): number {
    const first = this.#set(lo) + RECORDS
    for (let way = 0; way < WAYS; way++) {
      const record = first + way * RECORD_WORDS
      if (this.#words[record + KEY_LO] === 0 && this.#words[record + KEY_HI] === 0) return record
      let holds = false
      for (let e = 0; e < LIVE_OFFERS && !holds; e++) holds = this.#until(record + ENTRIES + e * ENTRY_WORDS) > time
      if (!holds) return record
    }
    return -1
  }

  #take(subject: SubjectHash, time: number): number {
    const record = this.#free(subject.lo, time)
    if (record < 0) return -1
    const words = this.#words
    for (let e = 0; e < LIVE_OFFERS; e++) words[record + ENTRIES + e * ENTRY_WORDS + UNTIL_HI] = OVER
    words[record + KEY_LO] = subject.lo
    words[record + KEY_HI] = subject.hi
    return record
  }

  #freeEntry(record: number, time: number): number {
    for (let e = 0; e < LIVE_OFFERS; e++) {
      const at = record + ENTRIES + e * ENTRY_WORDS
      if (this.#until(at) <= time) return at
    }
    return -1
  }
}
