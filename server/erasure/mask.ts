/**
 * A snapshot is never edited, so until the next one the loaded copy forgets: the bytes of the key are overwritten in memory, and no
 * request finds the shopper's history under any key. No UTF-8 text holds the byte that takes their place.
 */
import { shopperIndexOf } from '../../core/scoring/keys.ts'
import { stringAt } from '../../core/snapshot/strings.ts'
import type { Erasures } from '../../core/store/erasure/erasures.ts'
import type { ServingGeneration } from '../generations/generation.ts'

const NO_TEXT = 0xff

type Served = Pick<ServingGeneration, 'image' | 'room'>

export function maskShopper({ room }: Pick<Served, 'room'>, key: string): void {
  const shopper = shopperIndexOf(room, key)
  if (shopper >= 0) mask(room, shopper)
}

/** All of a snapshot's shoppers who were erased after it had learned of them. */
export function maskAllErased({ image, room }: Served, erasures: Erasures): void {
  if (erasures.isEmpty) return
  const { keysBytes, keysOffsets } = room.tables.shoppers
  for (let shopper = 0; shopper + 1 < keysOffsets.view.length; shopper++)
    if (erasures.has(stringAt(keysBytes.view, keysOffsets.view, shopper), image.manifest.watermark)) mask(room, shopper)
}

function mask({ tables }: Served['room'], shopper: number): void {
  const { keysBytes, keysOffsets } = tables.shoppers
  keysBytes.view.fill(NO_TEXT, keysOffsets.view[shopper], keysOffsets.view[shopper + 1])
}
