/** Items of a shopper's live events, which are kept by the hashes of their keys. */
import type { LiveShopperColumns } from '../contract/live.ts'
import type { Generation } from './generation.ts'

/** Index of each live event's item, or -1; valid until the next look-up. */
export function findLiveItems(g: Generation, live: LiveShopperColumns): Int32Array {
  const { hashes, found } = g.arena
  const { keysHashes, keysTable } = g.tables.catalogue
  hashes.view.set(live.eventHashes.subarray(0, 2 * live.nEvents))
  const mask = keysTable.view.length - 1
  g.kernel.findHashes(hashes.pointer, live.nEvents, keysHashes.pointer, keysTable.pointer, mask, found.pointer)
  return found.view
}
