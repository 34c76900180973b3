import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Database, quoteText, readEvents, readItems } from '../../training/duckdb.ts'
import { LEFT_OUT, type Quality } from '../../training/import/quality.ts'
import { HEADER, purchases, type ShopFiles, shopFiles } from './shop-files.ts'

let shop: ShopFiles
beforeEach(async () => {
  shop = await shopFiles()
})
afterEach(() => shop.remove())

const at = (day: number) => `2024-01-${String(day).padStart(2, '0')}T10:00:00Z`

function expectToAddUp({ rows, leftOut }: Quality): void {
  const left = LEFT_OUT.reduce((sum, category) => sum + leftOut[category].lines, 0)
  expect(rows.events + rows.rejected + left).toBe(rows.read)
}

describe('rows that are set aside', () => {
  it('carry their line after broken lines, blank lines and quoted line breaks', async () => {
    const lines = [
      `a,${at(1)},s,1,2.00,o`,
      `a,${at(1)},s,1`,
      `a,${at(1)},"s`,
      '',
      `"a\r\nb",${at(1)},s,1,2.00,"o\n\n"`,
      `a,${at(1)},s,x,2.00,o`,
      `a,${at(1)},"s"t,1,2.00,o`,
      `a,yesterday,s,1,2.00,o`,
      `a,${at(1)},s,1,2.00,o,more`,
      `,${at(1)},s,1,two,o`,
    ]
    await shop.write('sales.csv', `\ufeff${HEADER}${lines.join('\r\n')}`)
    const { rejects, events, quality } = await shop.import(purchases('sales.csv'))
    expect(rejects).toEqual([
      'sales.csv,3,,4 fields where the header has 6,"a,2024-01-01T10:00:00Z,s,1"',
      'sales.csv,4,,broken quotes,"a,2024-01-01T10:00:00Z,""s"',
      'sales.csv,10,quantity,not a whole number,x',
      'sales.csv,11,,broken quotes,"a,2024-01-01T10:00:00Z,""s""t,1,2.00,o"',
      'sales.csv,12,time,not a time in the format of the mapping,yesterday',
      'sales.csv,13,,7 fields where the header has 6,"a,2024-01-01T10:00:00Z,s,1,2.00,o,more"',
      'sales.csv,14,item,missing,',
    ])
    expect(events).toEqual(['s a purchase 1 200', 's a\r\nb purchase 1 200'])
    expect(quality.rows).toEqual({ read: 9, events: 2, rejected: 7 })
  })

  it('name the column as the merchant does, and the value', async () => {
    const columns = { item: 'Art-Nr', time: 'Zeit', kind: 'Art', price: 'Preis', discount: 'Rabatt' }
    const rows = [
      'x,0,kauf,1,0',
      'x,0,gucken,1,0',
      `${'y'.repeat(257)},0,kauf,1,0`,
      'x,0,kauf,1,-1',
      'x,0,kauf,21474836.48,0',
      'x,0,login,1,0',
    ]
    await shop.write(
      'ereignisse.csv',
      `Art-Nr;Zeit;Art;Preis;Rabatt\n${rows.map((row) => row.replaceAll(',', ';')).join('\n')}`,
    )
    const source = {
      file: 'ereignisse.csv',
      delimiter: ';',
      columns,
      kinds: { kauf: 'purchase', login: null },
      time: { format: 'epoch_s' },
    }
    const { rejects, quality } = await shop.import({ version: 1, currency: 'EUR', events: [source] })
    expect(rejects).toEqual([
      'ereignisse.csv,3,Art,not a known kind of event,gucken',
      `ereignisse.csv,4,Art-Nr,longer than 256 characters,${'y'.repeat(200)}`,
      'ereignisse.csv,5,Rabatt,negative or too large,-1',
      'ereignisse.csv,6,Preis,too large,21474836.48',
    ])
    expect(quality.leftOut.ignoredKind.lines).toBe(1)
    expectToAddUp(quality)
  })

  it('may be bytes that are no UTF-8', async () => {
    const bad = Buffer.concat([
      Buffer.from(`${HEADER}a,${at(1)},`),
      Buffer.from([0xff, 0xc3]),
      Buffer.from(`,1,2.00,o\na,${at(1)},é,1,2.00,o\n`),
    ])
    await shop.write('sales.csv', bad)
    const { rejects, events } = await shop.import(purchases('sales.csv'))
    expect(rejects).toHaveLength(1)
    expect(rejects[0]).toContain('sales.csv,2,,not UTF-8,')
    expect(events).toEqual(['é a purchase 1 200'])
  })

  it('leave an earlier import as it was when none is left', async () => {
    await shop.write('sales.csv', `${HEADER}a,${at(1)},s,1,2.00,o\n`)
    const { out } = await shop.import(purchases('sales.csv'))
    const before = await digests(out)
    await shop.write('sales.csv', `${HEADER}a,never,s,1,2.00,o\n`)
    await expect(shop.import(purchases('sales.csv'))).rejects.toMatchObject({
      code: 'invalid_data',
      message: 'no event is left of 1 rows (time not a time in the format of the mapping: 1)',
    })
    expect(await digests(out)).toEqual(before)
    expect((await readdir(shop.folder)).sort()).toEqual(['data', 'mapping.json', 'sales.csv'])
  })
})

async function digests(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort()
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name))))
  return names.map((name, i) => `${name} ${createHash('sha256').update(contents[i]).digest('hex')}`)
}

describe('rows that are no error and yet no event', () => {
  it('are counted by category with units and value, and all rows add up', async () => {
    const rows = [
      `a,${at(1)},s,2,3.00,o1`,
      `a,${at(2)},s,2,3.00,C1`,
      `a,${at(3)},,5,3.00,o2`,
      `POST,${at(3)},s,1,9.00,o2`,
      `a,${at(4)},s,-4,0,o3`,
      `a,${at(4)},s,3,0,o3`,
      `a,${at(4)},till,1,3.00,o3`,
    ]
    await shop.write('sales.csv', `${HEADER}${rows.join('\n')}\n`)
    const { quality, events } = await shop.import(
      purchases('sales.csv', {
        cancellations: [{ column: 'order', startsWith: 'C' }],
        notGoods: [{ column: 'item', oneOf: ['POST', 'DOT'] }],
        withoutShopper: [{ column: 'shopper', equals: 'till' }],
      }),
    )
    expect(events).toEqual(['- a purchase 5 300', '- a purchase 1 300'])
    expect(quality.leftOut).toMatchObject({
      cancellation: { lines: 1, units: 2, valueMinor: 600 },
      reversedPurchase: { lines: 1, units: 2, valueMinor: 600 },
      notGoods: { lines: 1, units: 1, valueMinor: 900 },
      quantityNotPositive: { lines: 1, units: 4, valueMinor: 0 },
      priceNotPositive: { lines: 1, units: 3, valueMinor: 0 },
    })
    expect(quality.cancellations).toEqual({ matched: 1, unmatched: 0 })
    expect(quality.events.withoutShopper).toBe(2)
    expectToAddUp(quality)
  })

  it('are repeated event ids, across files, and not equal rows without an id', async () => {
    const row = `a,${at(1)},s,1,2.00,o`
    await shop.write('one.csv', `id,${HEADER}1,${row}\n2,${row}\n,${row}\n`)
    await shop.write('two.csv', `id,${HEADER}2,b,${at(2)},s,1,2.00,o\n3,a,${at(0 + 1)},s,1,2.00,o\n`)
    const [one] = purchases('one.csv').events as { columns: object }[]
    const source = { ...one, columns: { ...one.columns, id: 'id' } }
    const { quality, events } = await shop.import({
      ...purchases(''),
      events: [source, { ...source, file: 'two.csv' }],
    })
    expect(events).toEqual(Array(4).fill('s a purchase 1 200'))
    expect(quality.leftOut.repeatedId.lines).toBe(1)
    expect(quality.events.exactDuplicates).toBe(3)
    expectToAddUp(quality)
  })
})

describe('the same rows', () => {
  const table = Array.from({ length: 500 }, (_, i) => ({
    item: `i${i % 37}`,
    time: at(1 + (i % 28)),
    shopper: i % 5 === 0 ? '' : `s${i % 11}`,
    quantity: String(1 + (i % 3)),
    price: `${1 + (i % 4)}.5`,
    order: `o${i % 50}`,
  }))
  const csv = `${HEADER}${table.map((row) => Object.values(row).join(',')).join('\n')}\n`

  it('give the same tables from CSV, gzip, NDJSON and Parquet', async () => {
    await shop.write('sales.csv', csv)
    await shop.write('sales.csv.gz', gzipSync(csv))
    await shop.write('sales.ndjson', table.map((row) => JSON.stringify(row)).join('\n'))
    const db = await Database.open()
    await db.run(
      `COPY (SELECT * REPLACE (CAST(price AS DOUBLE) AS price, CAST(quantity AS INTEGER) AS quantity, CAST(time AS TIMESTAMPTZ) AS time) FROM read_csv(${quoteText(join(shop.folder, 'sales.csv'))}, all_varchar = true)) TO ${quoteText(join(shop.folder, 'sales.parquet'))} (FORMAT parquet)`,
    )
    db.close()
    const tables = []
    for (const file of ['sales.csv', 'sales.csv.gz', 'sales.ndjson', 'sales.parquet'])
      tables.push(await digests((await shop.import(purchases(file))).out))
    for (const other of tables.slice(1)) expect(other).toEqual(tables[0])
  })

  it('give the same bytes on any number of threads and in any order of the rows', async () => {
    // More than one row group of Parquet and one batch of the reader, so that threads have something to share.
    const rows = Array.from({ length: 150_000 }, (_, i) => {
      const { item, time, shopper, quantity, price } = table[(i * 7919) % table.length]
      return [item, time, shopper, quantity, price, `o${i % 1013}`].join(',')
    })
    await shop.write('sales.csv', HEADER + rows.join('\n'))
    await shop.write('reversed.csv', HEADER + rows.toReversed().join('\n'))
    const one = await digests((await shop.import(purchases('sales.csv'), { threads: 1 })).out)
    expect(await digests((await shop.import(purchases('sales.csv'), { threads: 4 })).out)).toEqual(one)
    const parquet = (all: string[]) => all.filter((text) => text.includes('.parquet'))
    expect(parquet(await digests((await shop.import(purchases('reversed.csv'))).out))).toEqual(parquet(one))
  })

  it('report an NDJSON line that is no object', async () => {
    const good = JSON.stringify(table[1])
    await shop.write('sales.ndjson', `${good}\n\n[1]\n{"item":\n${good}\n`)
    const { rejects, quality } = await shop.import(purchases('sales.ndjson'))
    expect(rejects).toEqual(['sales.ndjson,3,,not a JSON object,[1]', 'sales.ndjson,4,,not a JSON object,"{""item"":"'])
    expect(quality.rows).toEqual({ read: 4, events: 2, rejected: 2 })
  })
})

describe('times', () => {
  it('of a zone without an offset follow its clock, and an offset wins over the zone', async () => {
    const rows = ['a,2011-07-01 12:00,s,1,2,o', 'a,2011-01-01 12:00,s,1,2,o']
    await shop.write('local.csv', `${HEADER}${rows.join('\n')}`)
    await shop.write('iso.csv', `${HEADER}a,2011-07-01T12:00:00.250+05:30,s,1,2,o\na,2011-07-01T12:00:00,s,1,2,o`)
    await shop.write('epoch.csv', `${HEADER}a,1309518000001,s,1,2,o`)
    const source = (file: string, time: object) => purchases(file, { time }).events[0]
    const zone = 'Europe/London'
    const { out } = await shop.import({
      ...purchases(''),
      events: [
        source('local.csv', { format: '%Y-%m-%d %H:%M', zone }),
        source('iso.csv', { zone }),
        source('epoch.csv', { format: 'epoch_ms' }),
      ],
    })
    const { time_ms } = await readEvents(out, ['time_ms'])
    expect([...time_ms].map((ms) => new Date(ms).toISOString())).toEqual([
      '2011-01-01T12:00:00.000Z',
      '2011-07-01T06:30:00.250Z',
      '2011-07-01T11:00:00.000Z',
      '2011-07-01T11:00:00.000Z',
      '2011-07-01T11:00:00.001Z',
    ])
  })
})

describe('the catalogue', () => {
  const sales = [`b,${at(1)},s,1,9.00,o`, `a,${at(1)},s,1,4.00,o`, `a,${at(2)},s,1,8.00,o`, `a,${at(3)},s,1,5.00,o`]

  it('of the events has the newest or the median price, and the lowest of the last 30 days', async () => {
    await shop.write('sales.csv', `${HEADER}a,2023-11-01T00:00:00Z,s,1,1.00,o\n${sales.join('\n')}`)
    const newest = await shop.import(purchases('sales.csv'))
    const columns = ['key', 'title', 'price_minor', 'prior_price_minor', 'cost_minor', 'stock', 'available'] as const
    expect(await readItems(newest.out, columns)).toMatchObject({
      key: ['a', 'b'],
      title: ['a', 'b'],
      price_minor: Int32Array.of(500, 900),
      prior_price_minor: Int32Array.of(400, 900),
      cost_minor: Int32Array.of(-1, -1),
      stock: Int32Array.of(-1, -1),
      available: Uint8Array.of(1, 1),
    })
    const median = await shop.import({ ...purchases('sales.csv'), derivedPrice: 'median', costShare: 0.555 })
    expect(await readItems(median.out, ['price_minor', 'cost_minor'])).toMatchObject({
      price_minor: Int32Array.of(400, 900),
      cost_minor: Int32Array.of(222, 500),
    })
    expect(median.quality.items).toMatchObject({ costAssumed: 2, costUnknown: 0 })
  })

  it('of an item file has its own values; what does not parse or is not in it is set aside', async () => {
    const items = [
      'a,Apple,fruit,4.50,1.25,-3,no',
      'c,,,2.00,,,',
      'a,Again,,1,1,1,yes',
      'd,Date,fruit,free,1,1,yes',
      'e,Egg,,,1,1,1',
    ]
    await shop.write('items.csv', `sku,name,group,price,cost,stock,on\n${items.join('\n')}`)
    await shop.write('sales.csv', `${HEADER}${sales.join('\n')}`)
    const columns = {
      item: 'sku',
      title: 'name',
      category: 'group',
      price: 'price',
      cost: 'cost',
      stock: 'stock',
      available: 'on',
    }
    const { out, rejects, quality } = await shop.import({
      ...purchases('sales.csv', { normalise: { item: ['trim', 'lower'] } }),
      items: { file: 'items.csv', columns },
    })
    expect(rejects).toEqual([
      'sales.csv,2,item,not in the item file,b',
      'items.csv,4,sku,second row of this item,a',
      'items.csv,5,price,not an amount,free',
    ])
    const names = [
      'key',
      'title',
      'category',
      'price_minor',
      'prior_price_minor',
      'cost_minor',
      'stock',
      'available',
    ] as const
    expect(await readItems(out, names)).toEqual({
      key: ['a', 'c'],
      title: ['Apple', 'c'],
      category: ['fruit', null],
      price_minor: Int32Array.of(450, 200),
      prior_price_minor: Int32Array.of(400, 200),
      cost_minor: Int32Array.of(125, -1),
      stock: Int32Array.of(0, -1),
      available: Uint8Array.of(0, 1),
    })
    expect(quality.items).toEqual({
      read: 5,
      rejected: 2,
      withoutPrice: 1,
      costAssumed: 0,
      costUnknown: 1,
      stockNegative: 1,
    })
    expectToAddUp(quality)
  })

  it('joins keys that a normalisation makes equal', async () => {
    await shop.write('sales.csv', `${HEADER} 85123a,${at(1)},17850.0,1,2.00,o\n85123A ,${at(2)},17850,1,2.00,o`)
    const normalise = { item: ['trim', 'upper'], shopper: ['integer'] }
    const { events } = await shop.import(purchases('sales.csv', { normalise }))
    expect(events).toEqual(['17850 85123A purchase 1 200', '17850 85123A purchase 1 200'])
  })
})
