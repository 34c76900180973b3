/**
 * Live changes of the catalogue, kept by item key, so that they outlive a swap: a new snapshot takes over those that
 * are newer than the data it was trained on.
 */
import type { ItemChange } from '../../core/contract/requests.ts'
import { type CatalogueChange, changeCatalogue } from '../../core/scoring/catalogue.ts'
import { itemIndexOf } from '../../core/scoring/keys.ts'
import type { ServingGeneration } from '../generations/generation.ts'

/** A row of the items log. */
export interface ItemRow extends ItemChange {
  v: 1
  shop: string
  time: number
}

/** What of a generation changes are looked up in and written to. */
export type ChangedGeneration = Pick<ServingGeneration, 'image' | 'room' | 'live'>

interface Kept {
  change: CatalogueChange
  time: number
}

export class CatalogueChanges {
  readonly #kept = new Map<string, Kept>()

  get size(): number {
    return this.#kept.size
  }

  /** Keeps changes and applies those whose items the generation knows; answers with how many it does not know. */
  apply(generation: ChangedGeneration, changes: ItemChange[], time: number): number {
    for (const change of changes) this.keep(change, time)
    const known = changes.flatMap(({ item, ...change }) => indexed(generation, item, change))
    changeCatalogue(generation.live, known)
    return changes.length - known.length
  }

  /** Later fields of an item replace earlier ones, the others stay. */
  keep({ item, ...change }: ItemChange, time: number): void {
    const { priceMinor, stock, available } = change
    const told = { priceMinor, stock, available }
    const merged: CatalogueChange = { ...this.#kept.get(item)?.change }
    for (const name of ['priceMinor', 'stock', 'available'] as const)
      if (told[name] !== undefined) Object.assign(merged, { [name]: told[name] })
    this.#kept.set(item, { change: merged, time })
  }

  /** Brings a new generation up to date, and forgets what its snapshot has learned by itself. */
  applyAll(generation: ChangedGeneration): void {
    const { watermark } = generation.image.manifest
    for (const [item, { time }] of this.#kept) if (time <= watermark) this.#kept.delete(item)
    const known = [...this.#kept].flatMap(([item, { change }]) => indexed(generation, item, change))
    if (known.length > 0) changeCatalogue(generation.live, known)
  }
}

function indexed(generation: ChangedGeneration, key: string, change: CatalogueChange) {
  const item = itemIndexOf(generation.room, key)
  return item < 0 ? [] : [{ item, change }]
}
