/** A published shop as a load sees it: what is asked of it is drawn from here, whatever the shop came from. */
import type { SnapshotId } from '../core/contract/ids.ts'
import type { Random } from './random.ts'

/** Keys, drawn by Zipf laws over the shop's own. */
export interface RequestPool {
  /** A known shopper. */
  shopper(): string
  /** `count` different items of one visit. */
  visit(count: number): string[]
  /** `count` different items, by popularity alone. */
  popular(count: number): string[]
}

export interface AskedShop {
  items: number
  shoppers: number
  /** Folder of its snapshots, and the one that serves. */
  store: string
  id: SnapshotId
  folder: string
  currency: string
  /** The time that requests are made at. */
  time: number
  categories: string[]
  brands: string[]
  /** Minor units that nearly all items cost at least, and at most. */
  prices: { low: number; high: number }
  itemKey(item: number): string
  pool(random: Random): RequestPool
}

export const SHOPPER_EXPONENT = 0.8
export const POPULARITY_EXPONENT = 0.8
