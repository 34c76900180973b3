/**
 * From the shop's own logs to what the response to offers is learned from: every impression whose offer was drawn, with whether
 * the shopper bought the item. The logs are read as a stream; what is kept of an impression is a few numbers.
 *
 *   bought = a purchase of the item by the shopper in [shown, min(shown + window, shown again))
 *
 * Any showing ends the window of the one before it, also that of an offer that was kept: with an offer and without one, what
 * counts is then the same stretch, and a shopper who looks twice before buying is no difference between them. An impression
 * whose window is not over at the end of the log is left out, also where the item was shown again before: who comes back soon
 * may do so because of the offer. A row that cannot be read is counted under what is wrong with it.
 */
import { subjectOf } from '../../core/scoring/keys.ts'
import { listedMove } from '../../core/scoring/offers/response.ts'
import { NO_CODE } from '../../core/snapshot/layout.ts'
import { NO_INDEX } from '../duckdb.ts'
import { type BasketImpressions, BasketReading } from './basket-impressions.ts'
import { eachRow, type LoggedEvent, type LogRange, parseEvent } from './log-rows.ts'
import { type ChoiceKind, type LoggedDecision, type LoggedImpression, parseDecision } from './logged-choices.ts'
import { NO_OFFER, type ResponseRows } from './response-rows.ts'
import { boughtWithin, pairOrder } from './shown-and-bought.ts'
import { SubjectSample } from './subject-sample.ts'

export interface LogSource extends LogRange {
  windowMs: number
  /** Showings and purchases that are held in memory at most; where there are more, fewer shoppers are learned from. */
  mostHeld: number
  /** Keys of the snapshot's items and shoppers, in the order of their indexes; elasticity by item. */
  items: readonly string[]
  shoppers: readonly string[]
  elasticity: ArrayLike<number>
  /** By item: code of its category, `NO_CODE` without one, and the price that its scores were learned at. */
  category: ArrayLike<number>
  usualMinor: ArrayLike<number>
}

export interface Impressions {
  rows: Omit<ResponseRows, 'mechanisms' | 'features'>
  /** Impressions of shoppers who never get an offer. */
  holdout: Pick<ResponseRows, 'shopper' | 'offset' | 'bought'>
  baskets: BasketImpressions
  decisions: number
  /** Share of the shoppers and sessions that is learned from. */
  sampled: number
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
    reading.takeDecision(decision)
    const rivals = rivalsOf(impressions, (key) => reading.categoryOf(key))
    for (const [slot, impression] of impressions.entries()) reading.takeImpression(decision, impression, rivals[slot])
  })
  return reading.finish()
}

/** The others of an item's category in the same answer, and the shares taken off them, added up. */
interface Rivals {
  count: number
  shares: number
}

/** By impression. */
function rivalsOf(impressions: LoggedImpression[], categoryOf: (item: string) => number): Rivals[] {
  const all = new Map<number, Rivals>()
  const own = impressions.map(({ item, offer }) => ({ category: categoryOf(item), share: offer?.discount ?? 0 }))
  for (const { category, share } of own) {
    const { count, shares } = all.get(category) ?? NO_RIVALS
    all.set(category, { count: count + 1, shares: shares + share })
  }
  return own.map(({ category, share }) => {
    const { count, shares } = all.get(category) ?? NO_RIVALS
    return category === NO_CODE ? NO_RIVALS : { count: count - 1, shares: Math.max(0, shares - share) }
  })
}

const NO_RIVALS: Rivals = { count: 0, shares: 0 }

const KINDS: readonly ChoiceKind[] = ['drawn', 'holdout', 'kept', 'closed', 'not_drawn']

class Reading {
  readonly damaged: Record<string, number> = {}
  readonly #source: LogSource
  readonly #itemOf: Map<string, number>
  readonly #shopperOf: Map<string, number>
  readonly #sample = new SubjectSample()
  readonly #baskets: BasketReading
  /** A pair is a shopper or a session, and an item: its number is subject · items + item. */
  readonly #bought = { pair: [] as number[], timeMs: [] as number[] }
  readonly #shown = {
    pair: [] as number[],
    timeMs: [] as number[],
    /** Position in `KINDS`. */
    kind: [] as number[],
    shopper: [] as number[],
    offset: [] as number[],
    weight: [] as number[],
    campaign: [] as number[],
    discount: [] as number[],
    rivals: [] as number[],
    nRivals: [] as number[],
    priceMinor: [] as number[],
  }
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
    this.#baskets = new BasketReading(source, this.#itemOf)
    this.#shopperOf = new Map(source.shoppers.map((key, index) => [key, index]))
  }

  /** A purchase counts for the shopper, and for the session if there is one: either may have been shown the item. */
  takeEvent(event: LoggedEvent): void {
    const { kind, time, shopper, session, item: key } = event
    this.#baskets.takeEvent(event)
    this.#lastMs = Math.max(this.#lastMs, time)
    const item = key === undefined ? undefined : this.#itemOf.get(key)
    if (kind !== 'purchase' || item === undefined) return
    for (const subject of [subjectOf({ shopper }), subjectOf({ session })]) {
      const pair = subject === null ? null : this.#pairOf(subject, item)
      if (pair === null) continue
      this.#bought.pair.push(pair)
      this.#bought.timeMs.push(time)
      this.#makeRoom()
    }
  }

  categoryOf(key: string): number {
    const item = this.#itemOf.get(key)
    return item === undefined ? NO_CODE : this.#source.category[item]
  }

  takeDecision(decision: Omit<LoggedDecision, 'impressions'>): void {
    const { time } = decision
    this.#baskets.takeDecision(decision)
    this.#decisions++
    this.#firstMs = Math.min(this.#firstMs, time)
    this.#lastMs = Math.max(this.#lastMs, time)
  }

  takeImpression(
    { time, ...asked }: { time: number; shopper?: string; session?: string },
    { item: key, kind, offset, weight, offer, priceMinor }: LoggedImpression,
    rivals: Rivals,
  ): void {
    const subject = subjectOf(asked)
    const item = this.#itemOf.get(key)
    if (subject === null || item === undefined) {
      this.#leftOut[subject === null ? 'nobody' : 'unknown_item']++
      return
    }
    const pair = this.#pairOf(subject, item)
    if (pair === null) return
    const shown = this.#shown
    shown.pair.push(pair)
    shown.timeMs.push(time)
    shown.kind.push(KINDS.indexOf(kind))
    shown.shopper.push((asked.shopper === undefined ? undefined : this.#shopperOf.get(asked.shopper)) ?? NO_INDEX)
    shown.offset.push(offset)
    shown.weight.push(weight)
    shown.campaign.push(offer === null || kind !== 'drawn' ? NO_OFFER : this.#codeOf(offer.campaign, offer.mechanism))
    shown.discount.push(offer?.discount ?? 0)
    shown.rivals.push(rivals.shares)
    shown.nRivals.push(rivals.count)
    shown.priceMinor.push(priceMinor)
    this.#makeRoom()
  }

  finish(): Impressions {
    const { pair, timeMs, kind, shopper, offset } = this.#shown
    const order = pairOrder(this.#shown)
    const bought = boughtWithin(this.#shown, order, this.#bought, this.#source.windowMs)
    const rows: Record<'drawn' | 'holdout', number[]> = { drawn: [], holdout: [] }
    for (const [at, row] of order.entries()) {
      const own = KINDS[kind[row]]
      const next = order[at + 1]
      if (own !== 'drawn' && own !== 'holdout') this.#leftOut[own]++
      else if (next !== undefined && pair[row] === pair[next] && timeMs[row] === timeMs[next])
        this.#leftOut.shown_twice++
      else if (timeMs[row] + this.#source.windowMs > this.#lastMs) this.#leftOut.not_over++
      else rows[own].push(row)
    }
    return {
      rows: this.#rowsOf(rows.drawn, bought),
      holdout: {
        shopper: Uint32Array.from(rows.holdout, (row) => shopper[row]),
        offset: Float64Array.from(rows.holdout, (row) => offset[row]),
        bought: Uint8Array.from(rows.holdout, (row) => bought[row]),
      },
      baskets: this.#baskets.finish(this.#lastMs),
      decisions: this.#decisions,
      sampled: this.#sample.share,
      firstMs: this.#firstMs,
      leftOut: this.#leftOut,
      damaged: this.damaged,
    }
  }

  #rowsOf(drawn: number[], bought: Uint8Array): Impressions['rows'] {
    const { elasticity, usualMinor, items, category } = this.#source
    const { pair, timeMs, shopper, campaign, discount, priceMinor, rivals, nRivals, offset, weight } = this.#shown
    const itemOf = (row: number) => pair[row] % items.length
    return {
      shopper: Uint32Array.from(drawn, (row) => shopper[row]),
      timeMs: Float64Array.from(drawn, (row) => timeMs[row]),
      campaign: Int32Array.from(drawn, (row) => campaign[row]),
      discount: Float64Array.from(drawn, (row) => discount[row]),
      elasticity: Float64Array.from(drawn, (row) => elasticity[itemOf(row)]),
      listed: Float64Array.from(drawn, (row) =>
        listedMove(elasticity[itemOf(row)], priceMinor[row], usualMinor[itemOf(row)]),
      ),
      rivals: Float64Array.from(drawn, (row) => rivals[row]),
      nRivals: Uint16Array.from(drawn, (row) => nRivals[row]),
      category: Uint32Array.from(drawn, (row) => category[itemOf(row)]),
      offset: Float64Array.from(drawn, (row) => offset[row]),
      weight: Float64Array.from(drawn, (row) => weight[row]),
      bought: Uint8Array.from(drawn, (row) => bought[row]),
      campaigns: [...this.#campaigns.values()].map(({ id, mechanism }) => ({ id, mechanism })),
    }
  }

  /** Null where the subject is not learned from. */
  #pairOf(subject: string, item: number): number | null {
    const number = this.#sample.numberOf(subject)
    return number === null ? null : number * this.#source.items.length + item
  }

  /** The mechanism that was told last stands. */
  #codeOf(id: string, mechanism: string): number {
    const code = this.#campaigns.get(id)?.code ?? this.#campaigns.size
    this.#campaigns.set(id, { id, mechanism, code })
    return code
  }

  #makeRoom(): void {
    while (this.#shown.pair.length + this.#bought.pair.length > this.#source.mostHeld) {
      this.#sample.halve()
      for (const columns of [this.#shown, this.#bought])
        this.#sample.thin(columns, columns.pair, this.#source.items.length)
    }
  }
}
