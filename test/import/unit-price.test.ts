import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_AMOUNT_MINOR, roundMinor } from '../../core/contract/money.ts'
import { Database } from '../../training/duckdb.ts'
import { readSql } from '../../training/import/sql.ts'

const MAX_QUANTITY = 1_000_000
const sign = fc.constantFrom(1, -1)
const quantity = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: MAX_QUANTITY }))
const anyTotal = fc.integer({ min: -MAX_AMOUNT_MINOR, max: MAX_AMOUNT_MINOR })
/** Totals around the half of their quantity, where a rounding rule shows. */
const nearHalf = fc
  .tuple(fc.nat(2000), quantity, fc.integer({ min: -1, max: 1 }), sign)
  .map(([units, n, off, s]): [number, number] => [s * (units * n + Math.floor(n / 2) + off), n])
const line = fc.tuple(fc.oneof(nearHalf, fc.tuple(anyTotal, quantity)), sign).map(([[total, n], s]) => [total, s * n])

describe('the unit price of a total', () => {
  it('is what roundMinor makes of total / quantity, halves and signs included', async () => {
    const lines = fc.sample(line, { numRuns: 20_000, seed: 8 })
    const db = await Database.open({ threads: 1 })
    await db.run(await readSql('unit-price'))
    const values = lines.map(([total, n], i) => `(${i}, ${total}::BIGINT, ${n}::BIGINT)`).join(', ')
    const rows = await db.rows<{ price: number }>(
      `SELECT CAST(unit_price(total, n) AS DOUBLE) AS price FROM (VALUES ${values}) AS lines(i, total, n) ORDER BY i`,
    )
    db.close()
    expect(lines.filter(([total, n], i) => rows[i].price !== roundMinor(total / n))).toEqual([])
  })

  it('is not known without a quantity', async () => {
    const db = await Database.open({ threads: 1 })
    await db.run(await readSql('unit-price'))
    const sql = 'SELECT unit_price(5, 0) IS NULL AS none, unit_price(5, NULL::BIGINT) IS NULL AS missing'
    expect(await db.rows(sql)).toEqual([{ none: true, missing: true }])
    db.close()
  })
})
