/**
 * What is live about shoppers: fixed records in shared memory, one writing thread, any number of readers.
 *
 * A record belongs to one subject (a shopper, or a session without one) by the 64-bit hash of its name, and lies in
 * the set that the hash picks. A full set gives up its least recently written record. Events and contacts stand newest
 * first, so the order in which they arrive does not matter.
 *
 * Each record is under a sequence lock: odd while it is being written. A reader that meets an odd or a changed number
 * reads again. Readers load every word atomically, because plain loads may be moved past the closing check.
 */
import { LIVE_CONTACTS, LIVE_EVENTS, LIVE_USES, type LiveShopperColumns } from '../contract/live.ts'

const WAYS = 8

/** Words of a record. */
const SEQUENCE = 0
const KEY_LO = 1
const KEY_HI = 2
const TOUCHED = 3
const N_EVENTS = 4
const N_CONTACTS = 5
const N_USES = 6
const EVENTS = 8
/** Item hash low and high, time low, time high with the kind in its upper byte. */
const EVENT_WORDS = 4
const CONTACTS = EVENTS + LIVE_EVENTS * EVENT_WORDS
/** Of a contact or a use: campaign hash, time low and high. */
const MARK_WORDS = 3
const USES = CONTACTS + LIVE_CONTACTS * MARK_WORDS
const RECORD_WORDS = USES + LIVE_USES * MARK_WORDS

export const SHOPPER_RECORD_BYTES = 4 * RECORD_WORDS

const TWO_32 = 2 ** 32

/** Memory for at least `capacity` subjects; hand it to `LiveShoppers` in every thread. */
export function shopperMemory(capacity: number): SharedArrayBuffer {
  const sets = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / WAYS)))
  return new SharedArrayBuffer(sets * WAYS * SHOPPER_RECORD_BYTES)
}

/** Names that hash to (0, 0) cannot be told from an empty record; XXH64 gives one in 2^64. */
export interface SubjectHash {
  lo: number
  hi: number
}

export interface LiveEvent {
  itemLo: number
  itemHi: number
  /** Position in `EVENT_KINDS`. */
  kind: number
  time: number
}

/** A showing of a campaign, or an order that used its offer. */
export interface CampaignMark {
  campaignHash: number
  time: number
}

/** The one door for reading: any thread. */
export class ShopperReader {
  readonly #words: Uint32Array
  readonly #sets: number

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Uint32Array(memory)
    this.#sets = this.#words.length / RECORD_WORDS / WAYS
  }

  /** Fills `into` with what is live about a subject; nothing where nothing is known. */
  read(lo: number, hi: number, into: LiveShopperColumns): void {
    const set = (lo & (this.#sets - 1)) * WAYS
    for (let way = 0; way < WAYS; way++) {
      const record = (set + way) * RECORD_WORDS
      if (Atomics.load(this.#words, record + KEY_LO) !== lo || Atomics.load(this.#words, record + KEY_HI) !== hi)
        continue
      if (this.#readRecord(record, lo, hi, into)) return
    }
    into.nEvents = 0
    into.nContacts = 0
    into.nUses = 0
  }

  /** False: the record went to another subject meanwhile. */
  #readRecord(record: number, lo: number, hi: number, into: LiveShopperColumns): boolean {
    const words = this.#words
    for (;;) {
      const before = Atomics.load(words, record + SEQUENCE)
      if ((before & 1) === 1) continue
      const ours = Atomics.load(words, record + KEY_LO) === lo && Atomics.load(words, record + KEY_HI) === hi
      copyRecord(words, record, into)
      if (Atomics.load(words, record + SEQUENCE) === before) return ours
    }
  }
}

function copyRecord(words: Uint32Array, record: number, into: LiveShopperColumns): void {
  into.nEvents = Atomics.load(words, record + N_EVENTS)
  for (let i = 0; i < into.nEvents; i++) {
    const at = record + EVENTS + i * EVENT_WORDS
    into.eventHashes[2 * i] = Atomics.load(words, at)
    into.eventHashes[2 * i + 1] = Atomics.load(words, at + 1)
    const high = Atomics.load(words, at + 3)
    into.eventTimes[i] = (high & 0xff_ffff) * TWO_32 + Atomics.load(words, at + 2)
    into.eventKinds[i] = high >>> 24
  }
  into.nContacts = Atomics.load(words, record + N_CONTACTS)
  copyMarks(words, record + CONTACTS, into.nContacts, into.contactHashes, into.contactTimes)
  into.nUses = Atomics.load(words, record + N_USES)
  copyMarks(words, record + USES, into.nUses, into.useHashes, into.useTimes)
}

function copyMarks(words: Uint32Array, start: number, n: number, hashes: Uint32Array, times: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const at = start + i * MARK_WORDS
    hashes[i] = Atomics.load(words, at)
    times[i] = Atomics.load(words, at + 2) * TWO_32 + Atomics.load(words, at + 1)
  }
}

/** The one door for writing: one thread. */
export class ShopperWriter {
  /** Records that were given up for another subject. */
  evicted = 0
  readonly #words: Uint32Array
  readonly #sets: number
  #clock = 0

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Uint32Array(memory)
    this.#sets = this.#words.length / RECORD_WORDS / WAYS
  }

  append(subject: SubjectHash, event: LiveEvent): void {
    this.#write(subject, (record) => {
      const at = this.#makeRoom(record + EVENTS, EVENT_WORDS, record + N_EVENTS, LIVE_EVENTS, event.time)
      if (at < 0) return
      this.#words[at] = event.itemLo
      this.#words[at + 1] = event.itemHi
      this.#words[at + 2] = event.time >>> 0
      this.#words[at + 3] = (event.kind << 24) | Math.floor(event.time / TWO_32)
    })
  }

  appendContact(subject: SubjectHash, contact: CampaignMark): void {
    this.#write(subject, (record) => this.#mark(record + CONTACTS, record + N_CONTACTS, LIVE_CONTACTS, contact))
  }

  appendUse(subject: SubjectHash, use: CampaignMark): void {
    this.#write(subject, (record) => this.#mark(record + USES, record + N_USES, LIVE_USES, use))
  }

  /** Nothing is known of a subject any more. */
  forget({ lo, hi }: SubjectHash): void {
    const words = this.#words
    const record = this.#find(lo, hi)
    if (words[record + KEY_LO] !== lo || words[record + KEY_HI] !== hi) return
    Atomics.add(words, record + SEQUENCE, 1)
    for (let at = 0; at < RECORD_WORDS; at++) if (at !== SEQUENCE) words[record + at] = 0
    Atomics.add(words, record + SEQUENCE, 1)
  }

  #mark(start: number, countAt: number, limit: number, { campaignHash, time }: CampaignMark): void {
    const at = this.#makeRoom(start, MARK_WORDS, countAt, limit, time)
    if (at < 0) return
    this.#words[at] = campaignHash
    this.#words[at + 1] = time >>> 0
    this.#words[at + 2] = Math.floor(time / TWO_32)
  }

  #write({ lo, hi }: SubjectHash, change: (record: number) => void): void {
    const words = this.#words
    const record = this.#find(lo, hi)
    Atomics.add(words, record + SEQUENCE, 1)
    if (words[record + KEY_LO] !== lo || words[record + KEY_HI] !== hi) this.#take(record, lo, hi)
    words[record + TOUCHED] = ++this.#clock
    change(record)
    Atomics.add(words, record + SEQUENCE, 1)
  }

  /** The subject's record, else a free one of its set, else the one least recently written. */
  #find(lo: number, hi: number): number {
    const words = this.#words
    const set = (lo & (this.#sets - 1)) * WAYS
    let oldest = set * RECORD_WORDS
    for (let way = 0; way < WAYS; way++) {
      const record = (set + way) * RECORD_WORDS
      if (words[record + KEY_LO] === lo && words[record + KEY_HI] === hi) return record
      if (words[record + TOUCHED] < words[oldest + TOUCHED]) oldest = record
    }
    return oldest
  }

  #take(record: number, lo: number, hi: number): void {
    const words = this.#words
    if (words[record + TOUCHED] !== 0) this.evicted++
    words[record + KEY_LO] = lo
    words[record + KEY_HI] = hi
    words[record + N_EVENTS] = 0
    words[record + N_CONTACTS] = 0
    words[record + N_USES] = 0
  }

  /** Moves older entries down and returns where the new one goes; -1 when it is older than all of a full list. */
  #makeRoom(start: number, width: number, countAt: number, limit: number, time: number): number {
    const words = this.#words
    const count = words[countAt]
    let position = 0
    while (position < count && timeAt(words, start + position * width, width) > time) position++
    if (position === limit) return -1
    const kept = Math.min(count, limit - 1)
    const from = start + position * width
    words.copyWithin(from + width, from, start + kept * width)
    words[countAt] = kept + 1
    return from
  }
}

/** An entry's last two words are its time; the upper byte is not part of it. */
function timeAt(words: Uint32Array, entry: number, width: number): number {
  return (words[entry + width - 1] & 0xff_ffff) * TWO_32 + words[entry + width - 2]
}
