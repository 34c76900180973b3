import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { readSummary } from '../../training/dataset.ts'
import { readShoppers, readTraitRows } from '../../training/duckdb.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { sectionFile } from '../../training/sections.ts'
import { train } from '../../training/train.ts'
import { readTraits } from '../../training/traits.ts'
import { HEADER, purchases, type ShopFiles, shopFiles } from './shop-files.ts'

let shop: ShopFiles
beforeEach(async () => {
  shop = await shopFiles()
  await shop.write('sales.csv', `${HEADER}a,2024-01-01T00:00:00Z,bob,1,2.00,o\na,2024-01-02T00:00:00Z,ann,1,2.00,p\n`)
})
afterEach(() => shop.remove())

const ATTRIBUTES = {
  tier: { column: 'Stufe', type: 'text' },
  clubs: { column: 'Vereine', type: 'text', separator: '|' },
  age: { column: 'Alter', type: 'number' },
}

function mapping(attributes: object = ATTRIBUTES) {
  return { ...purchases('sales.csv'), shoppers: { file: 'people.csv', columns: { shopper: 'Kunde' }, attributes } }
}

const PEOPLE = `Kunde,Stufe,Vereine,Alter
bob,gold, wein | bier|wein||,41
zoe,silber,,
ann,,wein,30.5
`

describe('what the mapping says of shoppers', () => {
  it('becomes rows by shopper, name and value, also of shoppers without events', async () => {
    await shop.write('people.csv', PEOPLE)
    const { out, quality, dataset } = await shop.import(mapping())
    expect((await readShoppers(out)).key).toEqual(['ann', 'bob', 'zoe'])
    expect(dataset.shoppers).toBe(3)
    const rows = await readTraitRows(out)
    expect(rows?.name.map((name, row) => [rows.shopper_index[row], name, rows.value[row] ?? rows.number[row]])).toEqual(
      [
        [0, 'age', 30.5],
        [0, 'clubs', 'wein'],
        [1, 'age', 41],
        [1, 'clubs', 'bier'],
        [1, 'clubs', 'wein'],
        [1, 'tier', 'gold'],
        [2, 'tier', 'silber'],
      ],
    )
    expect(quality.shoppers).toEqual({ read: 3, kept: 3, withoutEvents: 1, rejected: 0 })
  })

  it('sets aside rows that do not parse, under the column of the merchant, and counts them apart', async () => {
    await shop.write('people.csv', `${PEOPLE},gold,,1\nbob,gold,,1\ncid,gold,,old\ndan,${'x'.repeat(257)},,1\n`)
    const { out, quality, rejects } = await shop.import(mapping())
    expect(rejects).toEqual([
      'people.csv,5,Kunde,missing,',
      'people.csv,6,Kunde,second row of this shopper,bob',
      'people.csv,7,Alter,not a number,old',
      `people.csv,8,Stufe,longer than 256 characters,${'x'.repeat(200)}`,
    ])
    expect((await readShoppers(out)).key).toEqual(['ann', 'bob', 'zoe'])
    expect(quality.shoppers).toEqual({ read: 7, kept: 3, withoutEvents: 1, rejected: 4 })
    expect(quality.rows.rejected).toBe(0)
  })

  it('is the same bytes on any number of threads', async () => {
    await shop.write('people.csv', PEOPLE)
    const files = await Promise.all(
      [1, 3].map(async (threads) => {
        const { out } = await shop.import(mapping(), { threads, out: `data-${threads}` })
        return readFile(join(out, 'traits.parquet'))
      }),
    )
    expect(files[0].equals(files[1])).toBe(true)
  })

  it('leaves no file where the mapping has none', async () => {
    const { out, quality } = await shop.import(purchases('sales.csv'))
    expect(existsSync(join(out, 'traits.parquet'))).toBe(false)
    expect(quality.shoppers).toBeNull()
  })

  it('is refused with every fault of the mapping at once', async () => {
    await shop.write('people.csv', PEOPLE)
    const faulty = {
      'a=b': { column: 'Stufe', type: 'text' },
      age: { column: 'Alter', type: 'number', separator: '|' },
    }
    const error = await shop.import(mapping(faulty)).catch((refusal: Error) => refusal)
    expect((error as Error).message.split('\n').slice(1)).toEqual([
      expect.stringContaining('shoppers.attributes.a=b: a name has 1 to 64 characters'),
      expect.stringContaining('shoppers.attributes.age.separator: belongs to a text'),
    ])
    await expect(shop.import(mapping({ size: { column: 'Größe', type: 'text' } }))).rejects.toMatchObject({
      code: 'invalid_mapping',
      field: 'shoppers.attributes.size.column',
      value: 'Größe',
    })
  })
})

describe('the traits section', () => {
  const trained = async (data: string) => {
    const sections = join(shop.folder, 'sections')
    await train({ data, sections, parameters: trainingParameters(), stage: 'traits' })
    return sectionFile(sections, 'traits')
  }

  it('has the texts of each shopper; numbers stay with training', async () => {
    await shop.write('people.csv', PEOPLE)
    const { out } = await shop.import(mapping())
    const section = await readSafetensors(await trained(out))
    expect(Buffer.from(section.values_bytes.data as Uint8Array).toString()).toBe(
      'clubs\0bierclubs\0weintier\0goldtier\0silber',
    )
    expect([...section.indptr.data]).toEqual([0, 1, 4, 5])
    expect([...section.codes.data]).toEqual([1, 0, 1, 2, 3])
    const traits = await readTraits(await readSummary(out))
    expect([...(traits?.numbers ?? [])]).toEqual([['age', Float64Array.of(30.5, 41, Number.NaN)]])
  })

  it('is not written, and an earlier one is removed, where nothing is known', async () => {
    await shop.write('people.csv', PEOPLE)
    const file = await trained((await shop.import(mapping())).out)
    expect(existsSync(file)).toBe(true)
    await shop.write('people.csv', 'Kunde,Stufe,Vereine,Alter\n')
    await trained((await shop.import(mapping())).out)
    expect(existsSync(file)).toBe(false)
  })
})
