/**
 * Every line of a real grocer's sample. The counts are taken here from the unpacked text, row by row, in cents: none of
 * its cells is quoted, and a line before discounts is what was received, plus the loyalty price and the matched coupon.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAttributes, readEvents, readItems, readShoppers } from '../../training/duckdb.ts'
import { importData } from '../../training/import/import.ts'
import { LEFT_OUT } from '../../training/import/quality.ts'

const root = new URL('../../../', import.meta.url)
const folder = new URL('../shared/data/complete-journey/', root)
const present = existsSync(folder)
if (!present) console.warn(`skipped: the Complete Journey files are not at ${folder.pathname}`)

interface Line {
  item: string
  shopper: string
  order: string
  time: number
  units: number
  total: number
  discount: number
  weighed: boolean
}

async function table(name: string): Promise<Record<string, string>[]> {
  const text = gunzipSync(await readFile(new URL(name, folder))).toString('utf8')
  const [header, ...rows] = text
    .trimEnd()
    .split('\n')
    .map((row) => row.split(','))
  return rows.map((row) => Object.fromEntries(header.map((column, c) => [column, row[c]])))
}

const cents = (text: string) => Math.round(Number(text) * 100)

function lineOf(row: Record<string, string>): Line {
  const [retail, coupon, match] = [row.retail_disc, row.coupon_disc, row.coupon_match_disc].map(cents)
  const weighed = Number(row.quantity) >= 1000
  return {
    item: row.product_id,
    shopper: row.household_id,
    order: row.basket_id,
    time: Date.parse(row.transaction_timestamp),
    units: weighed ? 1 : Number(row.quantity),
    total: row.sales_value.includes('e') ? Number.NaN : cents(row.sales_value) + retail + match,
    discount: retail + coupon + match,
    weighed,
  }
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)
const distinct = (values: string[]) => new Set(values).size

describe.skipIf(!present)('the Complete Journey files', () => {
  let out: string
  let data: string
  let imported: Awaited<ReturnType<typeof importData>>
  let products: Record<string, string>[]
  let lines: Line[]
  let good: Line[]
  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'offerwright-complete-journey-'))
    data = join(out, 'data')
    const mapping = JSON.parse(await readFile(new URL('training/mappings/complete-journey.json', root), 'utf8'))
    for (const source of [...mapping.events, mapping.items]) source.file = new URL(source.file, folder).pathname
    await writeFile(join(out, 'mapping.json'), JSON.stringify(mapping))
    imported = await importData({ mapping: join(out, 'mapping.json'), out: data, threads: 2 })
    products = await table('products.csv.gz')
    const known = new Set(products.map((product) => product.product_id))
    lines = (await table('transactions_sample.csv.gz')).map(lineOf)
    good = lines.filter(({ item, units, total }) => units > 0 && total / units >= 0.5 && known.has(item))
  })
  afterAll(() => rm(out, { recursive: true }))

  it('are imported whole: events, categories and rejected lines add up', async () => {
    const { rows, leftOut, rejectReasons } = imported.quality
    const total = ['sales_value', 'retail_disc', 'coupon_match_disc'].join(' + ')
    expect(rows).toEqual({ read: lines.length, events: good.length, rejected: 3 })
    expect(rejectReasons).toEqual([
      { column: 'product_id', reason: 'not in the item file', lines: 1 },
      { column: total, reason: 'not an amount', lines: 1 },
      { column: total, reason: 'unit price rounds to 0; is it a weighed row?', lines: 1 },
    ])
    const unsold = lines.filter(({ units, total }) => units === 0 && !Number.isNaN(total))
    const free = lines.filter(({ units, total }) => units > 0 && total === 0)
    expect(leftOut.quantityNotPositive).toEqual({
      lines: unsold.length,
      units: 0,
      valueMinor: sum(unsold.map((line) => line.total)),
    })
    expect(leftOut.priceNotPositive).toMatchObject({ lines: free.length, valueMinor: 0 })
    expect(sum(LEFT_OUT.map((name) => leftOut[name].lines)) + rows.events + rows.rejected).toBe(rows.read)
  })

  it('keep each line: its item, shopper, time, units, unit price and discount', async () => {
    const names = [
      'item_index',
      'shopper_index',
      'time_ms',
      'quantity',
      'price_minor',
      'discount_minor',
      'order_key',
    ] as const
    const events = await readEvents(data, names)
    const items = await readItems(data, ['key'])
    const shoppers = await readShoppers(data)
    const got = Array.from(events.order_key, (order, i) =>
      [
        items.key[events.item_index[i]],
        shoppers.key[events.shopper_index[i]],
        order,
        events.time_ms[i],
        events.quantity[i],
        events.price_minor[i],
        events.discount_minor[i],
      ].join(' '),
    )
    const wanted = good.map(({ item, shopper, order, time, units, total, discount }) =>
      [item, shopper, order, time, units, Math.round(total / units), discount].join(' '),
    )
    expect(got.toSorted()).toEqual(wanted.toSorted())
  })

  it('tell what rounding to whole cents a unit made of the totals', () => {
    const rounded = good.filter(({ total, units }) => total % units !== 0)
    const gained = sum(rounded.map(({ total, units }) => Math.round(total / units) * units - total))
    expect(imported.quality.roundedTotals).toEqual({ lines: rounded.length, gainedMinor: gained })
  })

  it('take fuel, in thousandths of a gallon, as one unit, and nothing else', () => {
    const fuel = new Set(
      products.filter((product) => product.product_type.startsWith('GASOLINE')).map((p) => p.product_id),
    )
    const weighed = lines.filter((line) => line.weighed)
    expect(weighed.length).toBe(947)
    expect(weighed.filter(({ item }) => !fuel.has(item))).toEqual([])
  })

  it('have the items somebody bought, with title, category and brand, and count those without any price', async () => {
    const bought = new Set(good.map(({ item }) => item))
    const wanted = products.filter((product) => bought.has(product.product_id))
    const items = await readItems(data, ['key', 'title', 'category', 'brand'])
    const text = (parts: (string | null)[]) => parts.map((part) => part ?? '').join('|')
    const got = items.key.map((key, i) => text([key, items.title[i], items.category[i], items.brand[i]]))
    expect(got.toSorted()).toEqual(
      wanted.map((p) => text([p.product_id, p.product_type || p.product_id, p.product_category, p.brand])).toSorted(),
    )
    const attributes = await readAttributes(data)
    const sized = wanted.filter((product) => product.package_size !== '')
    expect(attributes?.name.filter((name) => name === 'size').length).toBe(sized.length)
    expect(attributes?.name.filter((name) => name === 'manufacturer').length).toBe(wanted.length)
    expect(imported.quality.items).toMatchObject({
      read: products.length,
      rejected: 0,
      withoutPrice: products.length - bought.size,
    })
    expect(imported.quality.distinct).toMatchObject({
      items: bought.size,
      shoppers: distinct(good.map(({ shopper }) => shopper)),
      orders: distinct(good.map(({ order }) => order)),
    })
  })
})
