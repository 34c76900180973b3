/**
 * Variety in an answer, over a list of candidates that is deeper than the answer.
 *
 * Caps: from the best item on, an item is taken unless its category or brand has as many as it may; an item without one
 * has no cap. Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), λ in [0, 1]: the next item is
 *
 *   argmax_i  λ · rel_i − (1 − λ) · max_{j taken} sim(i, j)
 *
 * over the candidates that the caps leave; rel is the score scaled to [0, 1] over the list, sim the inner product of the
 * items' vectors, not below 0, and for an item without a vector whether both are of one category. Ties: the better rank.
 *
 * Where the list ends before the answer is full, the next one is drawn without what was taken and without the groups that
 * are full, so that the answer has k items whenever k exist under the caps.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Diversity } from '../contract/requests.ts'
import { NO_CODE } from '../snapshot/layout.ts'
import { itemsWithCodes } from './conditions.ts'
import type { Allowed } from './filter.ts'
import type { Generation } from './generation.ts'
import { type Bitmap, closeItem, openItems, SCRATCH, scratchBitmap } from './scratch.ts'

/** Candidates for each slot, and most of them in one list. */
const DEPTH = 10
const MOST_CANDIDATES = 500

export interface Picked {
  items: ItemIndex[]
  /** Bigger is better. */
  scores: number[]
}

/** The `k` best of the allowed items, best first. */
export type Best = (k: number, allowed: Allowed) => Picked

/** `k` items, or all there are; `taken` are in the answer already and count for caps and similarity. */
export function diversify(
  g: Generation,
  best: Best,
  allowed: Allowed,
  k: number,
  asked: Diversity,
  taken: ItemIndex[] = [],
): Picked {
  const open = openItems(g, allowed.bits, 'open')
  const groups = [
    new Group(g.tables.catalogue.category, g.categoryCodes.size, asked.maxPerCategory),
    new Group(g.tables.catalogue.brand, g.brandCodes.size, asked.maxPerBrand),
  ]
  for (const item of taken) for (const group of groups) group.add(item)
  const picked: Picked = { items: [], scores: [] }
  const depth = Math.max(k, Math.min(DEPTH * k, MOST_CANDIDATES))
  for (;;) {
    const candidates = best(depth, { ...allowed, bits: open.pointer })
    take(g, candidates, groups, asked.mmr ?? 1, k, picked, taken)
    if (picked.items.length === k || candidates.items.length < depth) return picked
    for (const item of picked.items) closeItem(open, item)
    for (const group of groups) group.close(g, open)
  }
}

/** Items of one category or brand in the answer, and how many there may be. */
class Group {
  readonly #codes: { pointer: number; view: Uint32Array }
  readonly #nCodes: number
  readonly #most: number
  readonly #counts = new Map<number, number>()

  constructor(codes: { pointer: number; view: Uint32Array }, nCodes: number, most = Number.POSITIVE_INFINITY) {
    this.#codes = codes
    this.#nCodes = nCodes
    this.#most = most
  }

  hasRoom(item: ItemIndex): boolean {
    return (this.#counts.get(this.#codes.view[item]) ?? 0) < this.#most
  }

  add(item: ItemIndex): void {
    const code = this.#codes.view[item]
    if (code !== NO_CODE) this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  /** Takes the items of full groups out of a bitmap. */
  close(g: Generation, open: Bitmap): void {
    const full = [...this.#counts].filter(([, count]) => count >= this.#most).map(([code]) => code)
    if (full.length === 0) return
    const closed = scratchBitmap(g, SCRATCH.closed)
    itemsWithCodes(g, this.#codes.pointer, this.#nCodes, full, closed.pointer)
    g.kernel.bitmapNot(closed.pointer, g.nItems, closed.pointer)
    g.kernel.bitmapAnd(open.pointer, closed.pointer, open.pointer, open.view.length)
  }
}

/** Picks from one list until the answer is full or no candidate is left under the caps. */
function take(
  g: Generation,
  { items, scores }: Picked,
  groups: Group[],
  lambda: number,
  k: number,
  picked: Picked,
  taken: ItemIndex[],
): void {
  const nearest = lambda === 1 ? null : new Nearest(g, items)
  if (nearest !== null) for (const item of [...taken, ...picked.items]) nearest.see(item)
  const least = scores.at(-1) ?? 0
  const range = scores[0] - least
  const left = new Set(items.keys())
  while (picked.items.length < k) {
    let choice = -1
    let highest = Number.NEGATIVE_INFINITY
    for (const c of left) {
      if (!groups.every((group) => group.hasRoom(items[c]))) {
        left.delete(c)
        continue
      }
      const relevance = range > 0 ? (scores[c] - least) / range : 1
      const value = nearest === null ? relevance : lambda * relevance - (1 - lambda) * nearest.similarity[c]
      if (value > highest) [choice, highest] = [c, value]
      if (nearest === null) break
    }
    if (choice < 0) return
    left.delete(choice)
    picked.items.push(items[choice])
    picked.scores.push(scores[choice])
    for (const group of groups) group.add(items[choice])
    nearest?.see(items[choice])
  }
}

/** Each candidate's similarity to the nearest item that it has seen. */
class Nearest {
  readonly similarity: Float32Array
  readonly #g: Generation
  readonly #items: ItemIndex[]
  readonly #hasVector: boolean[]

  constructor(g: Generation, items: ItemIndex[]) {
    this.#g = g
    this.#items = items
    this.#hasVector = items.map((item) => hasVector(g, item))
    this.similarity = new Float32Array(items.length)
  }

  see(item: ItemIndex): void {
    const { resultItems, scaled } = this.#g.arena
    const { items: vectors } = this.#g.tables.vectors
    const { dim } = this.#g.image.manifest.model.vectors
    const category = this.#g.tables.catalogue.category.view
    const n = this.#items.length
    resultItems.view.set(this.#items)
    const query = vectors.pointer + 4 * dim * item
    this.#g.kernel.dotRows(query, vectors.pointer, dim, resultItems.pointer, n, scaled.pointer)
    const known = hasVector(this.#g, item)
    for (let c = 0; c < n; c++) {
      const isSameCategory = category[item] !== NO_CODE && category[item] === category[this.#items[c]]
      const near = known && this.#hasVector[c] ? Math.min(1, scaled.view[c]) : isSameCategory ? 1 : 0
      this.similarity[c] = Math.max(this.similarity[c], near)
    }
  }
}

function hasVector(g: Generation, item: ItemIndex): boolean {
  const { dim } = g.image.manifest.model.vectors
  const vectors = g.tables.vectors.items.view
  for (let d = item * dim; d < (item + 1) * dim; d++) if (vectors[d] !== 0) return true
  return false
}
