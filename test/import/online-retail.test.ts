/**
 * Every invoice line of a real gift shop. The counts were taken from the file with Python's csv and decimal modules,
 * matching cancellations with one stack for each shopper, item and quantity.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEvents, readItems, readShoppers } from '../../training/duckdb.ts'
import { importData } from '../../training/import/import.ts'
import { LEFT_OUT } from '../../training/import/quality.ts'
import { qualityTable } from '../../training/import/quality-table.ts'

const root = new URL('../../../', import.meta.url)
const file = new URL('../shared/data/online-retail/online_retail.csv.gz', root)
const present = existsSync(file)
if (!present) console.warn(`skipped: the Online Retail file is not at ${file.pathname}`)

describe.skipIf(!present)('the Online Retail file', () => {
  let folder: string
  let data: string
  let imported: Awaited<ReturnType<typeof importData>>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offerwright-online-retail-'))
    data = join(folder, 'data')
    const example = JSON.parse(await readFile(new URL('training/mappings/online-retail.json', root), 'utf8'))
    example.events[0].file = file.pathname
    await writeFile(join(folder, 'mapping.json'), JSON.stringify(example))
    imported = await importData({ mapping: join(folder, 'mapping.json'), out: data, threads: 2 })
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is imported whole: events and every category add up to its lines', () => {
    const { rows, leftOut } = imported.quality
    expect(rows).toEqual({ read: 541_909, events: 524_923, rejected: 0 })
    expect(leftOut).toMatchObject({
      cancellation: { lines: 9_288, units: 277_574, valueMinor: 89_681_249 },
      reversedPurchase: { lines: 2_835 },
      notGoods: { lines: 2_366 },
      quantityNotPositive: { lines: 1_336 },
      priceNotPositive: { lines: 1_161 },
    })
    expect(rows.events + LEFT_OUT.reduce((sum, category) => sum + leftOut[category].lines, 0)).toBe(rows.read)
  })

  it('has the shoppers, items, orders and times that a plain count finds', () => {
    const { quality, dataset } = imported
    expect(quality.distinct).toMatchObject({ items: 3_793, shoppers: 4_324, orders: 19_647, purchases: 524_923 })
    expect(quality.events).toEqual({
      withoutShopper: 131_421,
      withoutPrice: 0,
      exactDuplicates: 5_176,
      outOfTimeOrder: 0,
    })
    expect(dataset).toEqual({
      version: 1,
      shop: 'default',
      currency: 'GBP',
      watermark: Date.UTC(2011, 11, 9, 12, 50),
      items: 3_793,
      shoppers: 4_324,
      events: 524_923,
      purchases: 524_923,
    })
  })

  it('keeps units and value to the penny, and joins codes that differ in case', async () => {
    const events = await readEvents(data, ['item_index', 'quantity', 'price_minor'])
    const items = await readItems(data, ['key', 'price_minor', 'prior_price_minor', 'cost_minor'])
    const heart = items.key.indexOf('85123A')
    expect(events.quantity.reduce((sum, quantity) => sum + quantity, 0)).toBe(5_351_370)
    expect(events.quantity.reduce((sum, quantity, row) => sum + quantity * events.price_minor[row], 0)).toBe(
      984_315_157,
    )
    expect(events.item_index.reduce((sum, item) => sum + Number(item === heart), 0)).toBe(2_320)
    expect([items.price_minor[heart], items.prior_price_minor[heart], items.cost_minor[heart]]).toEqual([295, 255, -1])
    expect((await readShoppers(data)).key).toContain('17850')
  })

  it('is told in a table that a person can read', () => {
    const table = qualityTable(imported.quality)
    expect(table).toMatch(/^rows read +541,909$/m)
    expect(table).toMatch(/^ {2}cancellations +9,288 {2}277,574 units, 896812\.49 GBP$/m)
    expect(table).toMatch(/^events without a shopper +131,421 {2}25\.0 %$/m)
  })
})
