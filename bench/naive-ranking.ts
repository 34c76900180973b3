/**
 * The naive ranking that a measured one is checked against: every source as the formulas at the top of
 * core/scoring/sources.ts, neighbours.ts and rhythm.ts have it, into dense sums, then a full scan for the best. It shares
 * the tables with the scorer, not its code. Sums run in the order of the sources, then of the history, in float32, so
 * scores must agree bit for bit.
 *
 * Covered: rows, content, sessions, popular, trends and rhythm; a shopper's or a session's history, plain filters, nothing
 * else asked. Not covered, and told so: a blend with vectors, peers or links, and a history whose sources reach so few items that
 * the scorer asks the vector index.
 */
import { EVENT_KINDS, type EventKind } from '../core/contract/events.ts'
import type { RecommendRequest } from '../core/contract/requests.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { NOT_BOUGHT } from '../core/snapshot/layout.ts'
import { brandOf, categoryOf, indexOfKey, isAmong, keyAt } from './naive-keys.ts'

interface HistoryItem {
  item: number
  kind: EventKind
}

interface NaiveHistory {
  /** What scores: different items, newest first, each with the kind that weighs most. */
  items: HistoryItem[]
  /** Also beyond those. */
  bought: Set<number>
  /** Of each item that was bought, days since the newest purchase, where they are known. */
  days: Map<number, number>
}

export interface RankedItem {
  item: number
  score: number
}

/** How many leaders of a ranking take part. */
const LEADERS = 200
const DEFAULT_SLOTS = 10
const DAY_MS = 86_400_000
/** With fewer items reached, of the slots, the vector index is asked. */
const LEAST_REACHED = 2
const { fround } = Math

export function historyOf(g: Generation, request: RecommendRequest, time: number): NaiveHistory {
  const { eventWeights, historyLength } = g.image.manifest.model
  const told = (request.history ?? []).map(({ item, kind }) => ({
    item: indexOfKey(g.tables.catalogue, item),
    kind: kind ?? ('view' as const),
    days: null,
  }))
  const history: NaiveHistory = { items: [], bought: new Set(), days: new Map() }
  for (const { item, kind, days } of [...told, ...storedEvents(g, request.shopper, time)]) {
    if (days !== null) history.days.set(item, Math.min(days, history.days.get(item) ?? days))
    if (eventWeights[kind] <= 0) continue
    if (kind === 'purchase') history.bought.add(item)
    const before = history.items.find((other) => other.item === item)
    if (before === undefined && history.items.length < historyLength) history.items.push({ item, kind })
    if (before !== undefined && eventWeights[kind] > eventWeights[before.kind]) before.kind = kind
  }
  return history
}

function storedEvents(g: Generation, key: string | undefined, time: number) {
  const shopper = key === undefined ? -1 : indexOfKey(g.tables.shoppers, key)
  if (shopper < 0) return []
  const { historyIndptr, historyItems, historyKinds } = g.tables.shoppers
  const from = historyIndptr.view[shopper]
  const since = (time - g.image.manifest.watermark) / DAY_MS
  return Array.from({ length: historyIndptr.view[shopper + 1] - from }, (_, i) => {
    const days = g.tables.rhythm?.historyDays.view[from + i] ?? NOT_BOUGHT
    return {
      item: historyItems.view[from + i],
      kind: EVENT_KINDS[historyKinds.view[from + i]],
      days: days === NOT_BOUGHT ? null : days + since,
    }
  })
}

/** What is wrong with the items of an answer and their scores; null when nothing is. */
export function rankingFault(
  g: Generation,
  request: RecommendRequest,
  items: { item: string; score: number }[],
  time: number,
): string | null {
  const expected = naiveRanking(g, request, time)
  if (expected === null) return 'a ranking that the oracle does not cover'
  if (items.length !== expected.length) return `${items.length} items, expected ${expected.length}`
  for (const [slot, { item, score }] of expected.entries()) {
    const given = items[slot]
    const key = keyAt(g.tables.catalogue, item)
    if (given.item !== key) return `slot ${slot}: item ${given.item}, expected ${key}`
    if (given.score !== score) return `slot ${slot}: score ${given.score}, expected ${score}`
  }
  return null
}

/** The best of the items that are sold and not bought, or due again, as many as there are slots; null: not covered. */
export function naiveRanking(g: Generation, request: RecommendRequest, time: number): RankedItem[] | null {
  const history = historyOf(g, request, time)
  const k = request.slots ?? DEFAULT_SLOTS
  const isScored = history.items.length > 0
  const isStored = request.shopper !== undefined && indexOfKey(g.tables.shoppers, request.shopper) >= 0
  const weights = isStored ? g.blend.known : g.blend.session
  if (isScored && (weights.vectors > 0 || weights.peers > 0 || weights.links > 0)) return null
  const base = isScored ? g.tables.similarity.bias.view : g.tables.popularity.score.view
  const due = weights.rhythm === 0 ? [] : dueOf(g, history)
  // Only what is not reached stays at minus zero.
  const sums = new Float32Array(g.nItems).fill(-0)
  if (isScored) {
    addRows(g, sums, history.items, g.tables.similarity, weights.rows)
    addRows(g, sums, history.items, g.tables.content, weights.content)
    if (weights.sessions > 0) addVisits(g, sums, history.items, weights.sessions)
    const { popularity, trends } = g.tables
    addLeaders(sums, popularity.score.view, popularity.order.view, weights.popular)
    if (trends) addLeaders(sums, trends.trending.view, trends.trendingOrder.view, weights.trends)
    for (const { item, hazard } of due) sums[item] += weights.rhythm * hazard
    if (g.image.manifest.model.vectors.weight > 0 && reached(sums) < LEAST_REACHED * k) return null
  }
  const bought = new Set(history.bought)
  for (const { item } of due) bought.delete(item)
  return best(g, base, sums, (item) => !bought.has(item) && passes(g, request, item), k)
}

const reached = (sums: Float32Array) => sums.reduce((count, sum) => count + (Object.is(sum, -0) ? 0 : 1), 0)

/** The plain fields of the filters; an expression over attributes is not covered. */
export function passes(g: Generation, { filters = {} }: RecommendRequest, item: number): boolean {
  const { category, brand, minPriceMinor = 0, maxPriceMinor = Number.POSITIVE_INFINITY } = filters
  const priceMinor = g.tables.catalogue.priceMinor.view[item]
  return (
    priceMinor >= minPriceMinor &&
    priceMinor <= maxPriceMinor &&
    isAmong(category, categoryOf(g, item)) &&
    isAmong(brand, brandOf(g, item))
  )
}

function best(
  g: Generation,
  base: Float32Array,
  sums: Float32Array,
  isOpen: (item: number) => boolean,
  k: number,
): RankedItem[] {
  const { stock, available } = g.tables.catalogue
  const kept: RankedItem[] = []
  for (let item = 0; item < g.nItems; item++) {
    const score = fround(base[item] + sums[item])
    if (available.view[item] === 0 || stock.view[item] === 0) continue
    if ((kept.length === k && score <= kept[k - 1].score) || !isOpen(item)) continue
    kept.push({ item, score })
    kept.sort((a, b) => b.score - a.score || a.item - b.item)
    kept.length = Math.min(kept.length, k)
  }
  return kept
}

function addRows(
  g: Generation,
  sums: Float32Array,
  history: HistoryItem[],
  table: Generation['tables']['content'],
  weight: number,
): void {
  if (table === null || weight === 0) return
  const { eventWeights } = g.image.manifest.model
  const { indptr, indices, data } = table
  for (const { item, kind } of history)
    for (let p = indptr.view[item]; p < indptr.view[item + 1]; p++) {
      const scaled = fround(weight * fround(eventWeights[kind]))
      sums[indices.view[p]] += fround(scaled * data.view[p])
    }
}

interface Visit {
  row: number
  similarity: number
  /** The newest history item that it holds. */
  matched: number
  place: number
}

function addVisits(g: Generation, sums: Float32Array, history: HistoryItem[], weight: number): void {
  const { sessions } = g.tables
  const parameters = g.image.manifest.model.sessions
  if (sessions === null || parameters === undefined) return
  const { rowIndptr, rowItems, itemScale } = sessions
  const { match, distance, earlier } = parameters
  const at = (weights: number[], n: number) => fround(weights[Math.min(n, weights.length - 1)])
  for (const { row, similarity, matched, place } of nearestVisits(g, history)) {
    const held = rowItems.view.subarray(rowIndptr.view[row], rowIndptr.view[row + 1])
    const position = held.indexOf(matched)
    const factor = fround(fround(fround(weight) * similarity) * at(match, place))
    held.forEach((item, q) => {
      let value = fround(factor * at(distance, Math.abs(q - position)))
      if (q > position) value = fround(value * fround(earlier))
      if (itemScale.view.length > 0) value = fround(value * itemScale.view[item])
      sums[item] += value
    })
  }
}

/** Most similar first, then the newer. */
function nearestVisits(g: Generation, history: HistoryItem[]): Visit[] {
  const { sessions } = g.tables
  const parameters = g.image.manifest.model.sessions
  if (sessions === null || parameters === undefined) return []
  const { itemIndptr, itemRows, itemData, rowWeight } = sessions
  const found = new Map<number, Visit>()
  const compared = history.slice(0, parameters.items)
  for (const [place, { item }] of compared.entries())
    for (let p = itemIndptr.view[item]; p < itemIndptr.view[item + 1]; p++) {
      const row = itemRows.view[p]
      const visit = found.get(row) ?? { row, similarity: 0, matched: item, place }
      const data = itemData.view.length > 0 ? itemData.view[p] : 1
      visit.similarity = fround(visit.similarity + fround(placeWeight(parameters.place, place, compared.length) * data))
      found.set(row, visit)
    }
  const recent = [...found.values()].sort((a, b) => a.row - b.row).slice(0, parameters.recent)
  if (rowWeight.view.length > 0)
    for (const visit of recent) visit.similarity = fround(visit.similarity * rowWeight.view[visit.row])
  return recent.sort((a, b) => b.similarity - a.similarity || a.row - b.row).slice(0, parameters.neighbours)
}

/** Of visits: what events weigh plays no part in them. */
function placeWeight(weights: 'linear' | 'events' | number[], place: number, compared: number): number {
  if (typeof weights !== 'string') return fround(weights[Math.min(place, weights.length - 1)])
  return weights === 'linear' ? fround((compared - place) / compared) : 1
}

function addLeaders(sums: Float32Array, scores: Float32Array, order: Uint32Array, weight: number): void {
  if (weight === 0) return
  for (const item of order.subarray(0, LEADERS)) if (scores[item] > 0) sums[item] += weight * scores[item]
}

/** By hazard: r f / (1 − r F) of the log-logistic of shape 3, from half the median interval on. */
function dueOf(g: Generation, { days: since }: NaiveHistory): { item: number; hazard: number }[] {
  const { rhythm } = g.tables
  if (rhythm === null) return []
  const due = [...since].flatMap(([item, days]) => {
    const [rate, interval] = [rhythm.repeatRate.view[item], rhythm.intervalDays.view[item]]
    if (rate === 0 || interval === 0 || days < interval / 2) return []
    const odds = (days / interval) ** 3
    const density = (3 * odds) / (days * (1 + odds) ** 2)
    return [{ item, hazard: (rate * density) / (1 - (rate * odds) / (1 + odds)) }]
  })
  return due.sort((a, b) => b.hazard - a.hazard || a.item - b.item)
}
