/** Which items may be in an answer: sellable, inside the filters, not excluded; exactly k of them come back when k exist. */
import type { Filters } from '../contract/filters.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { CartLine } from '../contract/requests.ts'
import { MAX_EXCLUDED } from './arena.ts'
import { type Allowed, filterOf } from './filter.ts'
import type { Generation } from './generation.ts'
import { itemIndexOf } from './keys.ts'

export interface EligibilityRequest {
  item?: string
  exclude?: string[]
  cart?: CartLine[]
  filters?: Filters
  repurchase?: boolean
}

export interface Eligible {
  allowed: Allowed
  /** Sorted indexes in `arena.excluded`. */
  nExcluded: number
}

/** `purchased` items are left out too, unless the request asks for repurchase. */
export function eligible(g: Generation, asked: EligibilityRequest, purchased: ItemIndex[]): Eligible {
  const filter = asked.filters === undefined ? null : filterOf(g, asked.filters)
  return { allowed: { bits: g.live.sellable.pointer, filter }, nExcluded: excludeItems(g, asked, purchased) }
}

function excludeItems(g: Generation, asked: EligibilityRequest, purchased: ItemIndex[]): number {
  const excluded = g.arena.excluded.view
  let n = 0
  const exclude = (item: ItemIndex) => {
    if (item >= 0 && n < MAX_EXCLUDED) excluded[n++] = item
  }
  if (asked.item !== undefined) exclude(itemIndexOf(g, asked.item))
  for (const key of asked.exclude ?? []) exclude(itemIndexOf(g, key))
  for (const line of asked.cart ?? []) exclude(itemIndexOf(g, line.item))
  if (asked.repurchase !== true) for (const item of purchased) exclude(item)
  excluded.subarray(0, n).sort()
  return n
}
