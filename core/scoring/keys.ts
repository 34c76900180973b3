/** Keys to indexes and to the hashes that live state is kept under. All hashing is the kernel's XXH64. */
import type { ItemIndex } from '../contract/ids.ts'
import { stringAt } from '../snapshot/strings.ts'
import type { Column } from '../snapshot/tables.ts'
import type { Generation } from './generation.ts'

interface KeyTable {
  keysBytes: Column<'U8'>
  keysOffsets: Column<'U32'>
  keysHashes: Column<'U64'>
  keysTable: Column<'U32'>
}

/** What looking up and hashing need of a generation. */
export type KeyRoom = Pick<Generation, 'tables' | 'kernel' | 'arena'>

/** Index of an item key, or -1. */
export function itemIndexOf(g: KeyRoom, key: string): ItemIndex {
  return indexOf(g, g.tables.catalogue, key)
}

/** Index of a shopper key in the snapshot, or -1. */
export function shopperIndexOf(g: KeyRoom, key: string): number {
  return indexOf(g, g.tables.shoppers, key)
}

function indexOf(g: KeyRoom, keys: KeyTable, key: string): number {
  const length = g.arena.key.view.write(key)
  return g.kernel.findKey(
    g.arena.key.pointer,
    length,
    keys.keysBytes.pointer,
    keys.keysOffsets.pointer,
    keys.keysHashes.pointer,
    keys.keysTable.pointer,
    keys.keysTable.view.length - 1,
  )
}

/** The merchant's key of an item. */
export function itemKeyOf(g: Generation, item: ItemIndex): string {
  const { keysBytes, keysOffsets } = g.tables.catalogue
  return stringAt(keysBytes.view, keysOffsets.view, item)
}

/** XXH64 of an item's key. */
export function itemHashOf(g: Pick<Generation, 'tables' | 'image'>, item: ItemIndex): { lo: number; hi: number } {
  const [lo, hi] = new Uint32Array(g.image.memory.buffer, g.tables.catalogue.keysHashes.pointer + 8 * item, 2)
  return { lo, hi }
}

/** The merchant's key of a shopper. */
export function shopperKeyOf(g: Generation, shopper: number): string {
  const { keysBytes, keysOffsets } = g.tables.shoppers
  return stringAt(keysBytes.view, keysOffsets.view, shopper)
}

/** XXH64 of a text's UTF-8 bytes as two 32-bit words. Texts of up to 1,024 characters. */
export function hashOf(g: KeyRoom, text: string, seed = 0): { lo: number; hi: number } {
  const { key, hashes } = g.arena
  const length = key.view.write(text)
  g.kernel.xxh64(key.pointer, length, seed, 0, hashes.pointer)
  return { lo: hashes.view[0], hi: hashes.view[1] }
}

/** Under what live state is kept: a shopper when known, else a session; null when neither is told. */
export function subjectOf(asked: { shopper?: string; session?: string }): string | null {
  if (asked.shopper !== undefined) return `shopper\0${asked.shopper}`
  return asked.session === undefined ? null : `session\0${asked.session}`
}
