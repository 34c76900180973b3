/** Gathers a batch's answers, log rows and effects in a worker: one run of bytes, and where in it each part stands. */
import { JsonBytes, type JsonRoom } from '../../core/scoring/json-bytes.ts'
import { noAnswers } from '../generations/vitals.ts'
import { type BatchResult, type Effects, RESERVED_WORD, RESULT_HEADER_BYTES, RESULT_WORDS } from './messages.ts'

const NOWHERE = new SharedArrayBuffer(RESULT_HEADER_BYTES)

/** Where the log rows of one request stand. */
export interface Rows {
  start: number
  end: number
  count: number
}

const NO_ROWS: Rows = { start: 0, end: 0, count: 0 }

export class Results {
  effects: Effects = noEffects()
  /** Of the decisions and recommendations of this batch. */
  tally = noAnswers()
  /** As `ResultReader.reserved` tells it. */
  reserved: number[] = []
  readonly out: JsonBytes
  readonly #places = new Uint32Array(RESULT_HEADER_BYTES / 4)
  #slab = NOWHERE
  #count = 0

  constructor(room: JsonRoom) {
    this.out = new JsonBytes(room, NOWHERE)
  }

  begin(slab: SharedArrayBuffer): void {
    this.#slab = slab
    this.#count = 0
    this.tally = noAnswers()
    this.out.use(slab, RESULT_HEADER_BYTES)
  }

  /** Place in the batch of the request that is answered next. */
  get request(): number {
    return this.#count
  }

  /** The next request's answer, which stands in `out` from `start` to `end`. */
  answer(status: number, start: number, end: number, rows: Rows = NO_ROWS): void {
    const at = RESULT_WORDS * this.#count++
    this.#places[at] = status
    this.#places[at + 1] = start
    this.#places[at + 2] = end
    this.#places[at + 3] = rows.start
    this.#places[at + 4] = rows.end
    this.#places[at + 5] = rows.count
  }

  /** What an answer was like, for the comparison of snapshots. */
  noteAnswer(items: number, personalised: boolean, discountMinor: number): void {
    this.tally.answers++
    if (items === 0) this.tally.empty++
    if (!personalised) this.tally.fallbacks++
    this.tally.discountMinor += discountMinor
    this.tally.discountSquares += discountMinor * discountMinor
  }

  answerText(status: number, json: string, rows?: Rows): void {
    const start = this.out.length
    this.out.text(json)
    this.answer(status, start, this.out.length, rows)
  }

  /** Everything here is the next batch's after this. */
  finish(): BatchResult {
    this.#writeReserved()
    const { memory } = this.out
    new Uint32Array(memory, 0, this.#places.length).set(this.#places)
    const effects = isEmpty(this.effects) ? null : this.effects
    if (effects !== null) this.effects = noEffects()
    return { largeResults: memory === this.#slab ? null : memory, effects, tally: this.tally }
  }

  /** Numbers in shared memory: as a message they would be taken apart and put together one by one. */
  #writeReserved(): void {
    this.out.align()
    this.#places[RESERVED_WORD] = this.out.length
    this.#places[RESERVED_WORD + 1] = this.reserved.length
    if (this.reserved.length > 0) this.out.copy(new Uint8Array(Float64Array.from(this.reserved).buffer))
    this.reserved = []
  }
}

function noEffects(): Effects {
  return { events: [], failures: [] }
}

function isEmpty({ events, failures }: Effects): boolean {
  return events.length + failures.length === 0
}
