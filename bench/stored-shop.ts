/** A published snapshot of any origin as a shop that is asked: every key comes from its own tables. */
import { OfferwrightError } from '../core/contract/errors.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { currentSnapshot, snapshotFolder } from '../core/snapshot/store.ts'
import { stringAt } from '../core/snapshot/strings.ts'
import { type SnapshotTables, tablesOf } from '../core/snapshot/tables.ts'
import { descendingOrder } from '../training/sparse.ts'
import type { Random } from './random.ts'
import { type AskedShop, POPULARITY_EXPONENT, type RequestPool, SHOPPER_EXPONENT } from './request-pool.ts'
import { quantile } from './statistics.ts'

const HOUR_MS = 3_600_000
/** Shares of the items below the least and the highest price that pages ask for. */
const PRICE_SHARES = { low: 0.05, high: 0.94 }

/** `store`: a folder of snapshots; the current one is meant. Throws `invalid_value` where there is none. */
export async function storedShop(store: string): Promise<AskedShop> {
  const id = await currentSnapshot(store)
  if (id === null)
    throw new OfferwrightError('invalid_value', 'no current snapshot (a folder of snapshots with CURRENT in it)', {
      field: 'store',
      value: store,
    })
  const folder = snapshotFolder(store, id)
  const image = await openSnapshot(folder, { expectedId: id, reserveBytes: () => 0 })
  const { currency, watermark, segments } = image.manifest
  const { items, shoppers } = segments[0]
  const tables = tablesOf(image)
  const { catalogue } = tables
  return {
    items,
    shoppers,
    store,
    id,
    folder,
    currency,
    time: watermark + HOUR_MS,
    categories: names(catalogue.categoriesBytes.view, catalogue.categoriesOffsets.view),
    brands: names(catalogue.brandsBytes.view, catalogue.brandsOffsets.view),
    prices: {
      low: quantile(catalogue.priceMinor.view, PRICE_SHARES.low),
      high: quantile(catalogue.priceMinor.view, PRICE_SHARES.high),
    },
    itemKey: (item) => stringAt(catalogue.keysBytes.view, catalogue.keysOffsets.view, item),
    pool: (random) => new SnapshotPool(tables, random),
  }
}

const names = (bytes: Uint8Array, offsets: Uint32Array) =>
  Array.from({ length: offsets.length - 1 }, (_, code) => stringAt(bytes, offsets, code))

/** Those with the longest histories ask most; half of what a visit looks at is near its first item, half is simply popular. */
class SnapshotPool implements RequestPool {
  readonly #tables: SnapshotTables
  readonly #random: Random
  readonly #byHistory: Uint32Array

  constructor(tables: SnapshotTables, random: Random) {
    this.#tables = tables
    this.#random = random
    const starts = tables.shoppers.historyIndptr.view
    this.#byHistory = descendingOrder(
      Float32Array.from({ length: starts.length - 1 }, (_, shopper) => starts[shopper + 1] - starts[shopper]),
    )
  }

  shopper(): string {
    const { keysBytes, keysOffsets } = this.#tables.shoppers
    const rank = this.#random.zipf(this.#byHistory.length, SHOPPER_EXPONENT)
    return stringAt(keysBytes.view, keysOffsets.view, this.#byHistory[rank])
  }

  visit(count: number): string[] {
    const { indptr, indices } = this.#tables.similarity
    const first = this.#popularItem()
    const near = indices.view.subarray(indptr.view[first], indptr.view[first + 1])
    return this.#distinct(count, [first], () =>
      near.length > 0 && this.#random.uniform() < 0.5 ? near[this.#random.below(near.length)] : this.#popularItem(),
    )
  }

  popular(count: number): string[] {
    return this.#distinct(count, [], () => this.#popularItem())
  }

  #popularItem(): number {
    const { order } = this.#tables.popularity
    return order.view[this.#random.zipf(order.view.length, POPULARITY_EXPONENT)]
  }

  #distinct(count: number, first: number[], draw: () => number): string[] {
    const { keysBytes, keysOffsets } = this.#tables.catalogue
    const drawn = new Set(first)
    while (drawn.size < count) drawn.add(draw())
    return [...drawn].map((item) => stringAt(keysBytes.view, keysOffsets.view, item))
  }
}
