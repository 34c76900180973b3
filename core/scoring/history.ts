/**
 * A shopper's history as sparse rows: what the request tells, then what is live, then what the snapshot knows.
 * Newest first, distinct items, the strongest kind of each, cut to the model's `historyLength`.
 */
import { EVENT_KINDS, type EventKind } from '../contract/events.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { LiveShopperColumns } from '../contract/live.ts'
import type { CartLine } from '../contract/requests.ts'
import { MAX_HISTORY } from './arena.ts'
import type { Generation } from './generation.ts'
import { itemIndexOf, shopperIndexOf } from './keys.ts'
import { findLiveItems } from './live-items.ts'
import { type DueItem, dueItems } from './rhythm.ts'

/** What the row of a history item came from; `page` is the item being looked at. */
export type HistorySource = EventKind | 'page'

export interface History {
  /** Rows in `arena.rows`, weights in `arena.weights`; this many are scored. */
  length: number
  /** Index of the shopper in the snapshot, or -1. */
  shopper: number
  sources: HistorySource[]
  /** Items bought that are not due again, also those beyond `length`; an item may stand twice. */
  purchased: ItemIndex[]
  /** Items due to be bought again; empty where they weigh nothing in the blend. */
  due: DueItem[]
}

export interface HistoryRequest {
  shopper?: string
  item?: string
  history?: { item: string; kind?: EventKind }[]
  cart?: CartLine[]
  personalise?: boolean
}

/** Gathers the history of a request into the arena. The page's item is context even where nothing personal is used. */
export function gatherHistory(g: Generation, asked: HistoryRequest, live: LiveShopperColumns, time: number): History {
  const isKnown = asked.personalise !== false && asked.shopper !== undefined
  const gathering = new Gathering(g, isKnown ? shopperIndexOf(g, asked.shopper as string) : -1)
  if (asked.item !== undefined) gathering.add(itemIndexOf(g, asked.item), 'page')
  if (asked.personalise !== false) {
    for (const line of asked.cart ?? []) gathering.add(itemIndexOf(g, line.item), 'cart')
    for (const line of asked.history ?? []) gathering.add(itemIndexOf(g, line.item), line.kind ?? 'view')
    gatherLive(g, live, gathering)
    gatherKnown(g, gathering)
  }
  return gathering.finish(asked.personalise === false ? [] : dueOf(g, gathering.shopper, live, time))
}

function dueOf(g: Generation, shopper: number, live: LiveShopperColumns, time: number): DueItem[] {
  const { rhythm } = shopper >= 0 ? g.blend.known : g.blend.session
  return rhythm === 0 ? [] : dueItems(g, shopper, live, time)
}

function gatherLive(g: Generation, live: LiveShopperColumns, gathering: Gathering): void {
  const found = findLiveItems(g, live)
  for (let i = 0; i < live.nEvents; i++) gathering.add(found[i], EVENT_KINDS[live.eventKinds[i]])
}

function gatherKnown(g: Generation, gathering: Gathering): void {
  const { shopper } = gathering
  if (shopper < 0) return
  const { historyIndptr, historyItems, historyKinds } = g.tables.shoppers
  for (let p = historyIndptr.view[shopper]; p < historyIndptr.view[shopper + 1]; p++)
    gathering.add(historyItems.view[p], EVENT_KINDS[historyKinds.view[p]])
}

class Gathering {
  readonly shopper: number
  readonly #g: Generation
  readonly #weightOf: Record<HistorySource, number>
  readonly #sources: HistorySource[] = []
  readonly #purchased: ItemIndex[] = []
  readonly #limit: number

  constructor(g: Generation, shopper: number) {
    this.shopper = shopper
    this.#g = g
    this.#weightOf = g.sourceWeights
    this.#limit = Math.min(g.image.manifest.model.historyLength, MAX_HISTORY)
  }

  add(item: ItemIndex, source: HistorySource): void {
    const weight = this.#weightOf[source]
    if (item < 0 || weight <= 0) return
    const { seen, rows, weights } = this.#g.arena
    if (source === 'purchase') this.#purchased.push(item)
    const bit = 1 << (item & 31)
    if ((seen.view[item >> 5] & bit) !== 0) {
      const position = rows.view.indexOf(item)
      if (weight > weights.view[position]) {
        weights.view[position] = weight
        this.#sources[position] = source
      }
      return
    }
    const length = this.#sources.length
    if (length === this.#limit) return
    seen.view[item >> 5] |= bit
    rows.view[length] = item
    weights.view[length] = weight
    this.#sources.push(source)
  }

  finish(due: DueItem[]): History {
    const { seen, rows } = this.#g.arena
    for (let i = 0; i < this.#sources.length; i++) seen.view[rows.view[i] >> 5] = 0
    const purchased = due.length === 0 ? this.#purchased : without(this.#purchased, due)
    return { length: this.#sources.length, shopper: this.shopper, sources: this.#sources, purchased, due }
  }
}

function without(purchased: ItemIndex[], due: DueItem[]): ItemIndex[] {
  const isDue = new Set(due.map(({ item }) => item))
  return purchased.filter((item) => !isDue.has(item))
}
