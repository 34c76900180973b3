import { expect, it } from 'vitest'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { Pacing } from '../../server/live/pacing.ts'

const HOUR = 3_600_000

it('prices a budget that is used faster than it should last, and frees one that is used slower', () => {
  const ledger = new BudgetLedger()
  const prices = new Float64Array(8)
  const pacing = new Pacing(ledger, prices)
  const slot = ledger.setBudget('summer', 24_000)
  const summer = { id: 'summer', slot, budgetMinor: 24_000, startsAt: 0, endsAt: 24 * HOUR }
  pacing.tick([summer], 0)
  expect(prices[slot]).toBe(0)
  for (let hour = 1; hour <= 3; hour++) {
    ledger.spend('summer', 2000, hour * HOUR)
    pacing.tick([summer], hour * HOUR)
  }
  const high = prices[slot]
  expect(high).toBeGreaterThan(0)
  for (let hour = 4; hour <= 20; hour++) pacing.tick([summer], hour * HOUR)
  expect(prices[slot]).toBeLessThan(high)
  pacing.tick([], 21 * HOUR)
  expect(prices[slot]).toBe(0)
})

it('counts what offers that hold are expected to cost, until they expire', () => {
  const ledger = new BudgetLedger()
  const slot = ledger.setBudget('summer', 1000)
  ledger.noteReserved(slot, 100, 60_000, 7.5)
  ledger.noteReserved(slot, 100, 120_000, 2.5)
  expect(ledger.used('summer')).toEqual({ spent: 0, outstanding: 10 })
  ledger.release(60_000)
  expect(ledger.used('summer')).toEqual({ spent: 0, outstanding: 2.5 })
})
