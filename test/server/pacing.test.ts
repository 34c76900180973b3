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
  pacing.tick([summer], {}, 0)
  expect(prices[slot]).toBe(0)
  for (let hour = 1; hour <= 3; hour++) {
    ledger.spend('summer', 2000, hour * HOUR)
    pacing.tick([summer], {}, hour * HOUR)
  }
  const high = prices[slot]
  expect(high).toBeGreaterThan(0)
  for (let hour = 4; hour <= 20; hour++) pacing.tick([summer], {}, hour * HOUR)
  expect(prices[slot]).toBeLessThan(high)
  pacing.tick([], {}, 21 * HOUR)
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

it('starts from the price and the hours that the snapshot has for a campaign, and from 0 for others', () => {
  const ledger = new BudgetLedger()
  const prices = new Float64Array(8)
  const pacing = new Pacing(ledger, prices)
  // All traffic comes in the first of four hours from Thursday 00:00, hour 72 of a week.
  const hourShares = Array.from({ length: 168 }, (_, hour) => (hour === 72 ? 1 : 0))
  const paced = ['planned', 'constructor'].map((id) => ({
    id,
    slot: ledger.setBudget(id, 1000),
    budgetMinor: 1000,
    startsAt: 0,
    endsAt: 4 * HOUR,
  }))
  const [planned, other] = paced
  const allocation = { planned: { dualPrice: 0.5, hourShares } }
  pacing.tick(paced, allocation, 0)
  expect([prices[planned.slot], prices[other.slot]]).toEqual([0.5, 0])
  for (const { id } of paced) ledger.spend(id, 500, HOUR / 2)
  pacing.tick(paced, allocation, HOUR / 2)
  expect(prices[planned.slot]).toBe(0.5)
  expect(prices[other.slot]).toBeGreaterThan(0)
})
