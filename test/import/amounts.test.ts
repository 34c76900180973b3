import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_AMOUNT_MINOR, minorDigits, parseMinor } from '../../core/contract/money.ts'
import { Database, quoteText } from '../../training/duckdb.ts'
import { decimalMinor } from '../../training/import/expressions.ts'

/** `parseMinor`, with null for what it refuses. */
function parsed(text: string, currency: string): number | null {
  try {
    return parseMinor(text, currency)
  } catch {
    return null
  }
}

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{0,${max}}$`))
const amount = fc
  .tuple(
    fc.constantFrom('', '', '-', '+', ' ', '\t-', '\u00a0', '\ufeff'),
    digits(11),
    fc.constantFrom('', '.', '.', ','),
    digits(8),
    fc.constantFrom('', '', ' ', '\u2003', 'e2'),
  )
  .map((parts) => parts.join(''))
const halves = fc
  .tuple(fc.constantFrom('', '-'), fc.nat(1_000_000), digits(3), fc.constantFrom('5', '49', '50', '4999999', '5000001'))
  .map(([sign, whole, kept, last]) => `${sign}${whole}.${kept}${last}`)

describe('an amount in a file', () => {
  let db: Database
  beforeAll(async () => {
    db = await Database.open({ threads: 1 })
  })
  afterAll(() => db.close())

  it('parses to the minor units that core/contract/money.ts gives, halves and refusals included', async () => {
    const texts = fc.sample(fc.oneof(amount, halves), { numRuns: 20_000, seed: 4 })
    for (const currency of ['GBP', 'JPY', 'KWD']) {
      const values = texts.map((text, i) => `(${i}, ${quoteText(text)})`).join(', ')
      const sql = decimalMinor('text', minorDigits(currency))
      const rows = await db.rows<{ minor: number | null }>(
        `SELECT CAST(${sql} AS DOUBLE) AS minor FROM (VALUES ${values}) AS amounts(i, text) ORDER BY i`,
      )
      const got = rows.map(({ minor }) => (minor !== null && Math.abs(minor) > MAX_AMOUNT_MINOR ? null : minor))
      const differing = texts.filter((text, i) => !Object.is(got[i], parsed(text, currency)))
      expect(differing).toEqual([])
    }
  })
})
