import { expect, it } from 'vitest'
import { limitKey } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { Pacing } from '../../server/live/pacing.ts'

const HOUR = 3_600_000
const basket = { meanOrderMinor: 2000, marginRate: 0.4, elasticity: -2, elasticitySe: 0.1 }
const unplanned = { basket }

it('prices a budget that is used faster than it should last, and frees one that is used slower', () => {
  const ledger = new BudgetLedger()
  const prices = new Float64Array(8)
  const pacing = new Pacing(ledger, prices)
  const slot = ledger.setBudget('summer', 24_000)
  const summer = {
    campaign: 'summer',
    resource: 'budget' as const,
    key: 'summer',
    slot,
    limit: 24_000,
    startsAt: 0,
    endsAt: 24 * HOUR,
  }
  pacing.tick([summer], unplanned, 0)
  expect(prices[slot]).toBe(0)
  for (let hour = 1; hour <= 3; hour++) {
    ledger.spend('summer', 2000, hour * HOUR)
    pacing.tick([summer], unplanned, hour * HOUR)
  }
  const high = prices[slot]
  expect(high).toBeGreaterThan(0)
  for (let hour = 4; hour <= 20; hour++) pacing.tick([summer], unplanned, hour * HOUR)
  expect(prices[slot]).toBeLessThan(high)
  pacing.tick([], unplanned, 21 * HOUR)
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
    campaign: id,
    resource: 'budget' as const,
    key: id,
    slot: ledger.setBudget(id, 1000),
    limit: 1000,
    startsAt: 0,
    endsAt: 4 * HOUR,
  }))
  const [planned, other] = paced
  const model = { basket, allocation: { planned: { dualPrice: 0.5, hourShares } } }
  pacing.tick(paced, model, 0)
  expect([prices[planned.slot], prices[other.slot]]).toEqual([0.5, 0])
  for (const { key } of paced) ledger.spend(key, 500, HOUR / 2)
  pacing.tick(paced, model, HOUR / 2)
  expect(prices[planned.slot]).toBe(0.5)
  expect(prices[other.slot]).toBeGreaterThan(0)
})

it('prices a stock of offers that are given faster than they should last, from the price that the snapshot has', () => {
  const ledger = new BudgetLedger()
  const prices = new Float64Array(8)
  const pacing = new Pacing(ledger, prices)
  const key = limitKey('summer', 'stock')
  const slot = ledger.setBudget(key, 100)
  const summer = {
    campaign: 'summer',
    resource: 'stock' as const,
    key,
    slot,
    limit: 100,
    startsAt: 0,
    endsAt: 10 * HOUR,
  }
  const model = { basket, allocation: { summer: { dualPrice: 7, stockDualPrice: 300 } } }
  pacing.tick([summer], model, 0)
  expect(prices[slot]).toBe(300)
  // 20 of 100 in a tenth of the time: twice too fast by a tenth of the period, so a fifth of max(300, 0.2 · 2,000) more.
  ledger.noteReserved(slot, 40, 2 * HOUR, 20)
  pacing.tick([summer], model, HOUR)
  expect(prices[slot]).toBeCloseTo(300 + 400 / 5, 9)
})

it('prices a return floor that offers fall short of, and frees it as they make up for it', () => {
  const ledger = new BudgetLedger()
  const slot = ledger.returns.slotOf('summer')
  const prices = new Float64Array(slot + 1)
  const pacing = new Pacing(ledger, prices)
  const summer = { campaign: 'summer', resource: 'return' as const, slot, floor: 1.5, startsAt: 0, endsAt: 10 * HOUR }
  const model = { basket, allocation: { summer: { dualPrice: 0, returnDualPrice: 2 } } }
  pacing.tick([summer], model, 0)
  expect(prices[slot]).toBe(2)
  ledger.returns.noteGiven(slot, 100, 120)
  pacing.tick([summer], model, HOUR)
  const high = prices[slot]
  // 30 of the 1,000 that the campaign is going to cost: 20 · 0.03, held at a fifth.
  expect(high).toBeCloseTo(2 * 1.2, 9)
  ledger.returns.noteGiven(slot, 100, 250)
  pacing.tick([summer], model, 2 * HOUR)
  expect(prices[slot]).toBeLessThan(high)
  pacing.tick([], model, 3 * HOUR)
  expect(prices[slot]).toBe(0)
})
