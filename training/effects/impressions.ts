/**
 * From the shop's own logs to what the response to offers is learned from: every impression whose offer was drawn, with whether
 * the shopper bought the item. The logs are read as a stream; what is kept of an impression is a few numbers.
 *
 *   bought = a purchase of the item by the shopper in [shown, min(shown + window, shown again))
 *
 * An impression whose window is not over at the end of the log is left out, also where the item was shown again before: who
 * comes back soon may do so because of the offer. A row that cannot be read is counted under what is wrong with it.
 */
import { subjectOf } from '../../core/scoring/keys.ts'
import { NO_INDEX } from '../duckdb.ts'
import { eachRow, type LoggedEvent, type LogRange, parseEvent } from './log-rows.ts'
import { type ChoiceKind, type LoggedImpression, parseDecision } from './logged-choices.ts'
import { NO_OFFER, type ResponseRows } from './response-rows.ts'
import { boughtWithin, pairOrder } from './shown-and-bought.ts'

export interface LogSource extends LogRange {
  windowMs: number
  /** Keys of the snapshot's items and shoppers, in the order of their indexes; elasticity by item. */
  items: readonly string[]
  shoppers: readonly string[]
  elasticity: ArrayLike<number>
}

export interface Impressions {
  rows: Omit<ResponseRows, 'mechanisms' | 'features'>
  /** Impressions of shoppers who never get an offer. */
  holdout: Pick<ResponseRows, 'shopper' | 'offset' | 'bought'>
  decisions: number
  /** Time of the first decision; Infinity where there is none. */
  firstMs: number
  /** Impressions that teach nothing, by why. */
  leftOut: Record<
    Exclude<ChoiceKind, 'drawn' | 'holdout'> | 'nobody' | 'unknown_item' | 'shown_twice' | 'not_over',
    number
  >
  /** Rows of either log that could not be read, by what is wrong. */
  damaged: Record<string, number>
}

export async function readImpressions(source: LogSource): Promise<Impressions> {
  const reading = new Reading(source)
  await eachRow(source, 'events', reading.damaged, parseEvent, (event) => reading.takeEvent(event))
  await eachRow(source, 'decisions', reading.damaged, parseDecision, ({ impressions, ...decision }) => {
    reading.takeDecision(decision.time)
    for (const impression of impressions) reading.takeImpression(decision, impression)
  })
  return reading.finish()
}

/** A pair is a shopper or a session, and an item. */
interface Pairs {
  pair: number[]
  timeMs: number[]
}

class Reading {
  readonly damaged: Record<string, number> = {}
  readonly #source: LogSource
  readonly #itemOf: Map<string, number>
  readonly #shopperOf: Map<string, number>
  readonly #subjects = new Map<string, number>()
  readonly #bought: Pairs = { pair: [], timeMs: [] }
  readonly #shown: Pairs = { pair: [], timeMs: [] }
  readonly #kind: ChoiceKind[] = []
  readonly #shopper: number[] = []
  readonly #offset: number[] = []
  readonly #weight: number[] = []
  readonly #campaign: number[] = []
  readonly #discount: number[] = []
  readonly #campaigns = new Map<string, { id: string; mechanism: string; code: number }>()
  readonly #leftOut: Impressions['leftOut'] = {
    kept: 0,
    closed: 0,
    not_drawn: 0,
    nobody: 0,
    unknown_item: 0,
    shown_twice: 0,
    not_over: 0,
  }
  #decisions = 0
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = 0

  constructor(source: LogSource) {
    this.#source = source
    this.#itemOf = new Map(source.items.map((key, index) => [key, index]))
    this.#shopperOf = new Map(source.shoppers.map((key, index) => [key, index]))
  }

  /** A purchase counts for the shopper, and for the session if there is one: either may have been shown the item. */
  takeEvent({ kind, time, shopper, session, item }: LoggedEvent): void {
    this.#lastMs = Math.max(this.#lastMs, time)
    if (kind !== 'purchase' || item === undefined) return
    for (const subject of [subjectOf({ shopper }), subjectOf({ session })]) {
      const pair = this.#pairOf(subject, item)
      if (pair === null) continue
      this.#bought.pair.push(pair)
      this.#bought.timeMs.push(time)
    }
  }

  takeDecision(time: number): void {
    this.#decisions++
    this.#firstMs = Math.min(this.#firstMs, time)
    this.#lastMs = Math.max(this.#lastMs, time)
  }

  takeImpression(
    { time, ...asked }: { time: number; shopper?: string; session?: string },
    { item, kind, offset, weight, offer }: LoggedImpression,
  ): void {
    const subject = subjectOf(asked)
    const pair = this.#pairOf(subject, item)
    if (pair === null) {
      this.#leftOut[subject === null ? 'nobody' : 'unknown_item']++
      return
    }
    this.#shown.pair.push(pair)
    this.#shown.timeMs.push(time)
    this.#kind.push(kind)
    this.#shopper.push((asked.shopper === undefined ? undefined : this.#shopperOf.get(asked.shopper)) ?? NO_INDEX)
    this.#offset.push(offset)
    this.#weight.push(weight)
    this.#campaign.push(offer === null || kind !== 'drawn' ? NO_OFFER : this.#codeOf(offer.campaign, offer.mechanism))
    this.#discount.push(offer?.discount ?? 0)
  }

  finish(): Impressions {
    const order = pairOrder(this.#shown)
    const bought = boughtWithin(this.#shown, order, this.#bought, this.#source.windowMs)
    const drawn: number[] = []
    const holdout: number[] = []
    for (const [at, row] of order.entries()) {
      const kind = this.#kind[row]
      const next = order[at + 1]
      if (kind !== 'drawn' && kind !== 'holdout') this.#leftOut[kind]++
      else if (next !== undefined && isSame(this.#shown, row, next)) this.#leftOut.shown_twice++
      else if (this.#shown.timeMs[row] + this.#source.windowMs > this.#lastMs) this.#leftOut.not_over++
      else (kind === 'drawn' ? drawn : holdout).push(row)
    }
    return {
      rows: this.#rowsOf(drawn, bought),
      holdout: {
        shopper: Uint32Array.from(holdout, (row) => this.#shopper[row]),
        offset: Float64Array.from(holdout, (row) => this.#offset[row]),
        bought: Uint8Array.from(holdout, (row) => bought[row]),
      },
      decisions: this.#decisions,
      firstMs: this.#firstMs,
      leftOut: this.#leftOut,
      damaged: this.damaged,
    }
  }

  #rowsOf(drawn: number[], bought: Uint8Array): Impressions['rows'] {
    const { elasticity, items } = this.#source
    return {
      shopper: Uint32Array.from(drawn, (row) => this.#shopper[row]),
      campaign: Int32Array.from(drawn, (row) => this.#campaign[row]),
      discount: Float64Array.from(drawn, (row) => this.#discount[row]),
      elasticity: Float64Array.from(drawn, (row) => elasticity[this.#shown.pair[row] % items.length]),
      offset: Float64Array.from(drawn, (row) => this.#offset[row]),
      weight: Float64Array.from(drawn, (row) => this.#weight[row]),
      bought: Uint8Array.from(drawn, (row) => bought[row]),
      campaigns: [...this.#campaigns.values()].map(({ id, mechanism }) => ({ id, mechanism })),
    }
  }

  /** Null where nobody is named, or the snapshot has no such item. */
  #pairOf(subject: string | null, key: string): number | null {
    const item = this.#itemOf.get(key)
    if (subject === null || item === undefined) return null
    const known = this.#subjects.get(subject) ?? this.#subjects.size
    this.#subjects.set(subject, known)
    return known * this.#source.items.length + item
  }

  /** The mechanism that was told last stands. */
  #codeOf(id: string, mechanism: string): number {
    const code = this.#campaigns.get(id)?.code ?? this.#campaigns.size
    this.#campaigns.set(id, { id, mechanism, code })
    return code
  }
}

function isSame({ pair, timeMs }: Pairs, a: number, b: number): boolean {
  return pair[a] === pair[b] && timeMs[a] === timeMs[b]
}
