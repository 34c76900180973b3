import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseMinor, roundMinor } from '../../core/contract/money.ts'
import { readEvents } from '../../training/duckdb.ts'
import { LEFT_OUT } from '../../training/import/quality.ts'
import { qualityTable } from '../../training/import/quality-table.ts'
import { purchases, type ShopFiles, shopFiles } from './shop-files.ts'

let shop: ShopFiles
beforeEach(async () => {
  shop = await shopFiles()
})
afterEach(() => shop.remove())

const HEADER = 'item,day,qty,unit,paid,loyalty,coupon\n'
const DAY = '2024-01-01'
const till = (more: object = {}) =>
  purchases('till.csv', {
    columns: {
      item: 'item',
      time: 'day',
      quantity: 'qty',
      total: ['paid', 'loyalty'],
      discount: ['loyalty', 'coupon'],
    },
    weighed: [{ column: 'unit', equals: 'kg' }],
    ...more,
  })

async function imported(rows: string[], mapping: object = till()) {
  await shop.write('till.csv', `${HEADER}${rows.join('\n')}\n`)
  const result = await shop.import(mapping)
  const { discount_minor } = await readEvents(result.out, ['discount_minor'])
  return { ...result, lines: result.events.map((event, i) => `${event.slice(2)} -${discount_minor[i]}`) }
}

describe('totals of lines', () => {
  it('become unit prices before discounts, and discounts add up', async () => {
    const { lines, rejects, quality } = await imported([
      `a,${DAY},3.0,,2.00,1.00,0.25`,
      `b,${DAY},2,,0.99,,`,
      `c,${DAY},,,4.00,,0.50`,
      `d,${DAY},1,,,1.00,`,
      `e,${DAY},3,,1.00,,`,
    ])
    expect(rejects).toEqual(['till.csv,5,item,no price known,d'])
    expect(lines).toEqual(['a purchase 3 100 -125', 'b purchase 2 50 -0', 'c purchase 1 400 -50', 'e purchase 3 33 -0'])
    expect(quality.roundedTotals).toEqual({ lines: 2, gainedMinor: 0 })
    expect(qualityTable(quality)).toMatch(
      /^totals that the quantity does not divide +2 {2}prices rounded, 0\.00 GBP in all$/m,
    )
  })

  it('of a weight are the price of one unit', async () => {
    const { lines, quality } = await imported([
      `a,${DAY},0.456,kg,1.37,0.20,`,
      `b,${DAY},8776,kg,23.25,0.88,`,
      `c,${DAY},-0.5,kg,-2.00,,`,
      `d,${DAY},0.000,kg,0.00,,`,
    ])
    expect(lines).toEqual(['a purchase 1 157 -20', 'b purchase 1 2413 -88'])
    expect(quality.leftOut.quantityNotPositive).toEqual({ lines: 2, units: 1, valueMinor: 200 })
  })

  it('are set aside with the columns, the values and the remedy where they cannot be read', async () => {
    const { rejects } = await imported([
      `a,${DAY},1,,1.00,,`,
      `a,${DAY},1,,1.00,free,`,
      `a,${DAY},1,,two,1.00,`,
      `a,${DAY},1,,1.00,0.10,x`,
      `a,${DAY},1,,1.00,,-0.10`,
      `a,${DAY},8776,,23.25,,`,
      `a,${DAY},0.456,,1.37,,`,
      `a,${DAY},some,kg,1.37,,`,
      `a,${DAY},1,,21474836.00,0.48,`,
      `a,${DAY},1,,4.4e-16,0,`,
    ])
    expect(rejects).toEqual([
      'till.csv,3,paid + loyalty,not an amount,1.00 + free',
      'till.csv,4,paid + loyalty,not an amount,two + 1.00',
      'till.csv,5,loyalty + coupon,not an amount,0.10 + x',
      'till.csv,6,loyalty + coupon,negative or too large,-0.10',
      'till.csv,7,paid + loyalty,unit price rounds to 0; is it a weighed row?,23.25',
      'till.csv,8,qty,not a whole number,0.456',
      'till.csv,9,qty,not a whole number,some',
      'till.csv,10,paid + loyalty,too large,21474836.00 + 0.48',
      'till.csv,11,paid + loyalty,not an amount,4.4e-16 + 0',
    ])
  })

  it('keep their value to the penny in what is left out', async () => {
    const { quality } = await imported(
      [`a,${DAY},1,,1.00,,`, `back,${DAY},-3,,-1.00,,`, `bag,${DAY},3,,1.00,,`, `a,${DAY},0,,0.86,,`],
      till({ cancellations: [{ column: 'item', equals: 'back' }], notGoods: [{ column: 'item', equals: 'bag' }] }),
    )
    expect(quality.leftOut).toMatchObject({
      cancellation: { lines: 1, units: 3, valueMinor: 100 },
      notGoods: { lines: 1, units: 3, valueMinor: 100 },
      quantityNotPositive: { lines: 1, units: 0, valueMinor: 86 },
    })
  })
})

describe('a mapping of totals that does not hold', () => {
  const refusal = (mapping: object) =>
    shop.import(mapping).then(
      () => '',
      (error: Error) => error.message,
    )

  it('is refused with every fault and its remedy', async () => {
    const columns = { item: 'item', time: 'day', price: 'paid', total: ['paid', 'paid'], discount: 'coupon' }
    const both = await refusal(till({ columns, weighed: [{ column: 'unit' }] }))
    expect(both.split('\n').slice(1)).toEqual([
      expect.stringContaining('events[0].columns.total: names the column paid twice'),
      expect.stringContaining('events[0].columns.total: give either columns.price or columns.total, not both'),
      expect.stringContaining('events[0].weighed: needs columns.quantity'),
      expect.stringContaining('events[0].weighed[0]: give exactly one of equals'),
    ])
    expect(await refusal(till({ columns: { item: 'item', time: 'day', quantity: 'qty', price: 'paid' } }))).toContain(
      'events[0].weighed: needs columns.total',
    )
  })

  it('names every column of a list that is not there, and patterns that do not parse', async () => {
    await shop.write('till.csv', `${HEADER}a,${DAY},1,,1.00,,\n`)
    const columns = { item: 'item', time: 'day', quantity: 'qty', total: ['net', 'loyalty', 'tax'] }
    const absent = await refusal(till({ columns }))
    expect(absent).toContain('events[0].columns.total: no column "net"')
    expect(absent).toContain('events[0].columns.total: no column "tax"')
    expect(await refusal(till({ weighed: [{ column: 'unit', matches: '(' }] }))).toContain(
      'events[0].weighed[0].matches: ',
    )
  })
})

const amount = fc.constantFrom('', '0', '1', '1.005', '-1', '0.01', '99.99', 'x', '1e2', ' 2.5 ', '30000000')
const quantity = fc.constantFrom('', '0', '1', '1.0', '3', '-2', '0.5', '-0.5', '1000', '2000000', 'x')
const row = fc.record({ quantity, unit: fc.constantFrom('', 'kg'), paid: amount, loyalty: amount, coupon: amount })
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never

/** Minor units of the cells that are there; null where one of them is no amount. */
function added(cells: string[]): number | null {
  const there = cells.filter((cell) => cell.trim() !== '')
  if (there.some((cell) => !/^-?\d+(\.\d+)?$/.test(cell.trim()) || Number(cell) >= 21_474_836)) return null
  return there.reduce((sum, cell) => sum + parseMinor(cell, 'GBP'), 0)
}

function unitsOf({ quantity: text, unit }: Row): number | null {
  if (text === '') return 1
  const n = Number(text)
  if (Number.isNaN(n)) return null
  if (unit === 'kg') return Math.sign(n)
  return Number.isInteger(n) && Math.abs(n) <= 1_000_000 ? n : null
}

/** What one row becomes, by plain arithmetic: an event, a category of LEFT_OUT, or `rejected`. */
function fate(line: Row): string {
  const units = unitsOf(line)
  const total = line.paid === '' ? undefined : added([line.paid, line.loyalty])
  const discount = added([line.loyalty, line.coupon])
  if (units === null || total === null || discount === null || discount < 0) return 'rejected'
  const price = total === undefined || units === 0 ? undefined : roundMinor(total / units)
  if (price === 0 && units > 0 && (total ?? 0) > 0) return 'rejected'
  if (units <= 0) return 'quantityNotPositive'
  if (price !== undefined && price <= 0) return 'priceNotPositive'
  return `z purchase ${units} ${price ?? -1} -${discount}`
}

describe('whatever a till writes', () => {
  it('becomes the event that plain arithmetic gives, falls in its category, or is rejected', async () => {
    const first: Row = { quantity: '1', unit: '', paid: '1', loyalty: '', coupon: '' }
    const rows = [first, ...fc.sample(row, { numRuns: 3000, seed: 47 })]
    // A millisecond between two rows: events stand in the order of their rows.
    const { lines, quality } = await imported(
      rows.map(({ quantity: n, unit, paid, loyalty, coupon }, i) =>
        ['z', new Date(Date.UTC(2024, 0, 1) + i).toISOString(), n, unit, paid, loyalty, coupon].join(','),
      ),
    )
    const fates = rows.map(fate)
    expect(lines).toEqual(fates.filter((text) => text.startsWith('z ')))
    const counted = (name: string) => fates.filter((text) => text === name).length
    expect(quality.rows.rejected).toBe(counted('rejected'))
    expect(LEFT_OUT.map((name) => quality.leftOut[name].lines)).toEqual(LEFT_OUT.map(counted))
  })
})
