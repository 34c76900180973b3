import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { type Sections, tensor, tinyIndex, tinyPublication, tinySections, tinyTraits } from './tiny-shop.ts'

/** Publishes what a careless trainer would: hashes agree, contents do not. */
async function openedWith(spoil: (sections: Sections) => void, index = tinyIndex()) {
  const sections = tinySections()
  spoil(sections)
  const publication = await tinyPublication(sections, index)
  const id = await publishSnapshot(publication)
  return openSnapshot(join(publication.store, id), { expectedId: id, reserveBytes: () => 0 })
}

function set(section: string, name: string, at: number, value: number) {
  return (sections: Sections) => {
    sections[section][name].data[at] = value
  }
}

function spoiltTraits(name: string, at: number, value: number) {
  return (sections: Sections) => {
    sections.traits = tinyTraits()
    set('traits', name, at, value)(sections)
  }
}

test('a snapshot that tells what is known of shoppers opens', async () => {
  const image = await openedWith((sections) => {
    sections.traits = tinyTraits()
  })
  expect([...(tablesOf(image).traits?.codes.view ?? [])]).toEqual([0, 1, 1])
})

describe('a snapshot whose hashes agree is refused by section', () => {
  test.each<[string, string, (sections: Sections) => void]>([
    ['a neighbour that is no item', 'similarity', set('similarity', 'indices', 5, 6)],
    ['neighbours out of order', 'similarity', set('similarity', 'indices', 1, 0)],
    ['rows that run backwards', 'similarity', set('similarity', 'indptr', 1, 4)],
    ['rows that do not start at 0', 'similarity', set('similarity', 'indptr', 0, 1)],
    ['rows that run out of the table', 'similarity', set('similarity', 'indptr', 6, 7)],
    ['a weight that is not a number', 'similarity', set('similarity', 'data', 0, Number.NaN)],
    ['a bias that is infinite', 'similarity', set('similarity', 'bias', 0, Number.POSITIVE_INFINITY)],
    ['a bias order with a repeat', 'similarity', set('similarity', 'bias_order', 1, 1)],
    ['a popularity order that does not fall', 'popularity', set('popularity', 'score', 1, 0.1)],
    [
      'a tie that is not broken by index',
      'popularity',
      (s) => (s.popularity.order = tensor('U32', [0, 2, 1, 3, 4, 5])),
    ],
    ['a vector with a NaN', 'vectors', set('vectors', 'items', 1, Number.NaN)],
    ['a visit with an unknown item', 'sessions', set('sessions', 'row_items', 1, 6)],
    ['an item in an unknown visit', 'sessions', set('sessions', 'item_rows', 1, 2)],
    ['a negative factor of an item', 'sessions', set('sessions', 'item_scale', 2, -1)],
    ['a peer that runs out of its table', 'peers', set('peers', 'row_indptr', 1, 9)],
    ['a link to an unknown shopper', 'links', set('links', 'shoppers', 1, 3)],
    ['an order with an unknown item', 'together', set('together', 'indices', 0, 6)],
    ['a trend out of order', 'trends', set('trends', 'trending', 3, 2)],
    ['a repeat rate above 1', 'rhythm', set('rhythm', 'repeat_rate', 0, 2)],
    ['an attribute of an unknown item', 'attributes', set('attributes', 'postings_items', 0, 6)],
    ['an attribute that is not a number', 'attributes', set('attributes', 'numbers', 1, Number.NaN)],
    ['a shopper with an unknown trait', 'traits', spoiltTraits('codes', 2, 2)],
    ['a shopper with a trait twice', 'traits', spoiltTraits('codes', 1, 0)],
    ['traits that run out of the table', 'traits', spoiltTraits('indptr', 3, 4)],
    ['a negative price', 'catalogue', set('catalogue', 'price_minor', 0, -1)],
    ['a cost below unknown', 'catalogue', set('catalogue', 'cost_minor', 0, -2)],
    ['availability 2', 'catalogue', set('catalogue', 'available', 0, 2)],
    ['a category that is not listed', 'catalogue', set('catalogue', 'category', 0, 2)],
    ['title offsets past their bytes', 'catalogue', set('catalogue', 'titles_offsets', 6, 99)],
    ['keys out of order', 'catalogue', set('catalogue', 'keys_bytes', 0, 0x7a)],
    ['a key table with a repeat', 'catalogue', (s) => (s.catalogue.keys_table = tensor('U32', Array(16).fill(1)))],
    ['a key table that is empty', 'catalogue', (s) => (s.catalogue.keys_table = tensor('U32', Array(16).fill(0)))],
    ['a key table that is too small', 'shoppers', (s) => (s.shoppers.keys_table = tensor('U32', [1, 2, 3, 0]))],
    [
      'hashes that lead to other slots',
      'catalogue',
      (s) => (s.catalogue.keys_hashes = tensor('U64', Array(6).fill(0))),
    ],
    ['a history item that is no item', 'shoppers', set('shoppers', 'history_items', 0, 6)],
    ['an event kind that does not exist', 'shoppers', set('shoppers', 'history_kinds', 0, 6)],
    ['kinds that do not match items', 'shoppers', (s) => (s.shoppers.history_kinds = tensor('U8', [0]))],
    ['a positive elasticity', 'prices', set('prices', 'elasticity', 0, 0.5)],
    ['a negative standard error', 'prices', set('prices', 'elasticity_se', 0, -0.5)],
  ])('%s', async (_, section, spoil) => {
    await expect(openedWith(spoil)).rejects.toMatchObject({ code: 'snapshot_corrupt', field: section })
  })
})

describe('an index file is refused', () => {
  test('when it is of other items', async () => {
    const index = tinyIndex()
    index.writeBigUInt64LE(5n, 16)
    await expect(openedWith(() => {}, index)).rejects.toMatchObject({ field: 'index', value: 5 })
  })

  test('when it was built over other vectors than the section holds', async () => {
    await expect(openedWith(set('vectors', 'items', 0, 0.5))).rejects.toMatchObject({ field: 'index', value: 1 })
  })

  test('when any word of its header is wild', async () => {
    for (let at = 0; at < 96; at += 8) {
      const index = tinyIndex()
      index.writeBigUInt64LE(0xffff_ffff_ffff_fff0n, at)
      await expect(
        openedWith(() => {}, index),
        `word at ${at}`,
      ).rejects.toMatchObject({ field: 'index' })
    }
  })

  test('unless every link, label and level stays inside it, under random words', async () => {
    const original = tinyIndex()
    const word = fc.tuple(fc.nat(original.length / 4 - 1), fc.constantFrom(6, 7, 255, 65_535, 2 ** 31, 2 ** 32 - 1))
    await fc.assert(
      fc.asyncProperty(word, async ([at, value]) => {
        const index = Buffer.from(original)
        index.writeUInt32LE(value, 4 * at)
        await openedWith(() => {}, index).then(
          () => expect(reachesOutside(index)).toBe(false),
          (error) => expect(error).toMatchObject({ code: 'snapshot_corrupt', field: 'index' }),
        )
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})

/** The naive reader: follows every list as hnswlib does, and asks whether it leaves the file's six elements. */
function reachesOutside(index: Buffer): boolean {
  const [n, m, size] = [6, 8, 4 + 4 * 16 + 16 + 8]
  for (let i = 0; i < n; i++) {
    const start = 96 + i * size
    for (let link = 0; link < index.readUInt16LE(start); link++)
      if (index.readUInt32LE(start + 4 + 4 * link) >= n) return true
    if (index.readBigUInt64LE(start + size - 8) >= BigInt(n)) return true
  }
  let at = 96 + n * size
  for (let i = 0; i < n; i++) {
    const end = at + 4 + index.readUInt32LE(at)
    for (at += 4; at < end; at += 4 + 4 * m)
      for (let link = 0; link < index.readUInt16LE(at); link++)
        if (index.readUInt32LE(at + 4 + 4 * link) >= n) return true
  }
  return at !== index.length
}
