import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TENSORS } from '../../core/snapshot/layout.ts'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { readAttributes } from '../../training/duckdb.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { sectionFile } from '../../training/sections.ts'
import { train } from '../../training/train.ts'
import { HEADER, purchases, type ShopFiles, shopFiles } from './shop-files.ts'

let shop: ShopFiles
beforeEach(async () => {
  shop = await shopFiles()
  await shop.write('sales.csv', `${HEADER}a,2024-01-01T00:00:00Z,s,1,2.00,o\nb,2024-01-02T00:00:00Z,s,1,2.00,p\n`)
})
afterEach(() => shop.remove())

const ATTRIBUTES = {
  colour: { column: 'Farbe', type: 'text' },
  tags: { column: 'Stichworte', type: 'text', separator: '|' },
  weight: { column: 'Gewicht', type: 'number' },
}

function mapping(attributes: object = ATTRIBUTES) {
  return {
    ...purchases('sales.csv'),
    items: { file: 'items.csv', columns: { item: 'Art', price: 'Preis' }, attributes },
  }
}

const ITEMS = `Art,Preis,Farbe,Stichworte,Gewicht
b,2,blau,,0.1
a,1,rot, neu | bio|neu||,12.
c,3,,neu,
`

describe('attributes of the item file', () => {
  it('become rows by item, name and value: texts trimmed and distinct, lists parted', async () => {
    await shop.write('items.csv', ITEMS)
    const { out } = await shop.import(mapping())
    const rows = await readAttributes(out)
    const texts = rows?.name.map((name, row) => [rows.item_index[row], name, rows.value[row] ?? rows.number[row]])
    expect(texts).toEqual([
      [0, 'colour', 'rot'],
      [0, 'tags', 'bio'],
      [0, 'tags', 'neu'],
      [0, 'weight', 12],
      [1, 'colour', 'blau'],
      [1, 'weight', 0.1],
      [2, 'tags', 'neu'],
    ])
  })

  it('are the same bytes on any number of threads', async () => {
    await shop.write('items.csv', ITEMS)
    const files = await Promise.all(
      [1, 3].map(async (threads) => {
        const { out } = await shop.import(mapping(), { threads, out: `data-${threads}` })
        return readFile(join(out, 'attributes.parquet'))
      }),
    )
    expect(files[0].equals(files[1])).toBe(true)
  })

  it('set their row aside when they do not parse, under the column of the merchant', async () => {
    await shop.write('items.csv', `${ITEMS}d,1,rot,,heavy\ne,1,${'x'.repeat(257)},,1\nf,1,rot,,nan\n`)
    const { rejects } = await shop.import(mapping())
    expect(rejects).toEqual([
      'items.csv,5,Gewicht,not a number,heavy',
      `items.csv,6,Farbe,longer than 256 characters,${'x'.repeat(200)}`,
      'items.csv,7,Gewicht,not a number,nan',
    ])
  })

  it('are refused with every fault of the mapping at once', async () => {
    await shop.write('items.csv', ITEMS)
    const faulty = {
      price: { column: 'Preis', type: 'number' },
      'a|b': { column: 'Farbe', type: 'text' },
      weight: { column: 'Gewicht', type: 'number', separator: '|' },
    }
    const error = await shop.import(mapping(faulty)).catch((refusal: Error) => refusal)
    expect((error as Error).message.split('\n').slice(1)).toEqual([
      expect.stringContaining('items.attributes.price: price is an attribute already'),
      expect.stringContaining('items.attributes.a|b: a name has 1 to 64 characters'),
      expect.stringContaining('items.attributes.weight.separator: belongs to a text'),
    ])
  })

  it('are refused when their column is not there', async () => {
    await shop.write('items.csv', ITEMS)
    await expect(shop.import(mapping({ size: { column: 'Größe', type: 'text' } }))).rejects.toMatchObject({
      code: 'invalid_mapping',
      field: 'items.attributes.size.column',
      value: 'Größe',
    })
  })
})

describe('the attributes section', () => {
  const trained = async (data: string) => {
    const sections = join(shop.folder, 'sections')
    await train({ data, sections, parameters: trainingParameters(), stage: 'attributes' })
    return sectionFile(sections, 'attributes')
  }

  it('lists the items of each value, and the numbers that are known', async () => {
    await shop.write('items.csv', ITEMS)
    const { out } = await shop.import(mapping())
    const section = await readSafetensors(await trained(out))
    const view = (name: keyof (typeof TENSORS)['attributes']) => [...section[name].data]
    expect(Buffer.from(section.values_bytes.data as Uint8Array).toString()).toBe(
      'colour\0blaucolour\0rottags\0biotags\0neu',
    )
    expect(view('postings_indptr')).toEqual([0, 1, 2, 3, 5])
    expect(view('postings_items')).toEqual([1, 0, 0, 0, 2])
    expect(Buffer.from(section.names_bytes.data as Uint8Array).toString()).toBe('weight')
    expect(view('numbers')).toEqual([12, Math.fround(0.1), 0])
    expect(view('numbers_known')).toEqual([0b011])
  })

  it('is not written, and an earlier one is removed, where the data has no attributes', async () => {
    await shop.write('items.csv', ITEMS)
    const file = await trained((await shop.import(mapping())).out)
    expect(existsSync(file)).toBe(true)
    await trained((await shop.import(purchases('sales.csv'))).out)
    expect(existsSync(file)).toBe(false)
  })
})
