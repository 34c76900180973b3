/**
 * How much the vector index loses: of the k items with the largest inner products with a shopper's vector, found by comparing
 * all, the share that a search of the index finds at the snapshot's own `efSearch`.
 */
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { gatherHistory } from '../../core/scoring/history.ts'
import { shopperKeyOf } from '../../core/scoring/keys.ts'
import { foldIn } from '../../core/scoring/vectors.ts'

export interface IndexRecall {
  k: number
  items: number
  dim: number
  efSearch: number
  shoppers: number
  recall: number
}

/** Over `most` shoppers with a vector, evenly thinned. */
export function indexRecall(g: Generation, k: number, most: number): IndexRecall {
  const { dim, efSearch } = g.image.manifest.model.vectors
  const nShoppers = g.image.manifest.segments[0].shoppers
  const step = Math.max(1, Math.floor(nShoppers / most))
  let shoppers = 0
  let found = 0
  for (let shopper = 0; shopper < nShoppers && shoppers < most; shopper += step) {
    const asked = { shopper: shopperKeyOf(g, shopper) }
    const history = gatherHistory(g, asked, emptyLiveShopper(), g.image.manifest.watermark)
    if (history.length === 0 || !foldIn(g, history)) continue
    const query = g.arena.taste.view.slice(0, dim)
    const truth = new Set(nearestOf(g.tables.vectors.items.view, query, k))
    found += g.ann.search(query, k).items.filter((item) => truth.has(item)).length
    shoppers++
  }
  return { k, items: g.nItems, dim, efSearch, shoppers, recall: found / (shoppers * Math.min(k, g.nItems)) }
}

/** By brute force: product descending, then index ascending. */
function nearestOf(vectors: Float32Array, query: Float32Array, k: number): number[] {
  const products = new Float32Array(vectors.length / query.length)
  for (let item = 0; item < products.length; item++) {
    let product = 0
    for (let d = 0; d < query.length; d++) product += query[d] * vectors[item * query.length + d]
    products[item] = product
  }
  return Array.from(products.keys())
    .sort((a, b) => products[b] - products[a] || a - b)
    .slice(0, k)
}
