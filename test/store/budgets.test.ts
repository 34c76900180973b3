import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BudgetView } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'

const MINUTE = 60_000

test('reservations from several threads never pass the budget, and take all of it', async () => {
  const ledger = new BudgetLedger()
  const slot = ledger.setBudget('summer', 100_003)
  const claimers = Array.from({ length: 4 }, () => {
    const worker = new Worker(new URL('./budget-claimer.js', import.meta.url), {
      workerData: { memory: ledger.memory, slot, amountMinor: 7 },
    })
    return new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  })
  const taken = (await Promise.all(claimers)).reduce((sum, count) => sum + count, 0)
  expect(taken).toBe(Math.floor(100_003 / 7))
  expect(ledger.remaining('summer')).toBe(100_003 % 7)
})

test('an expired offer gives its reservation back, a used one does not', () => {
  const ledger = new BudgetLedger()
  const view = new BudgetView(ledger.memory)
  const slot = ledger.setBudget('summer', 1000)
  for (const amount of [100, 200]) {
    expect(view.reserve(slot, amount)).toBe(true)
    ledger.noteReserved(slot, amount, 5 * MINUTE)
  }
  expect(ledger.remaining('summer')).toBe(700)
  ledger.spend('summer', 100, 5 * MINUTE)
  expect(ledger.remaining('summer')).toBe(700)
  ledger.release(5 * MINUTE - 1)
  expect(ledger.remaining('summer')).toBe(700)
  ledger.release(5 * MINUTE)
  expect(ledger.remaining('summer')).toBe(900)
})

test('a changed budget keeps what was spent and reserved', () => {
  const ledger = new BudgetLedger()
  const slot = ledger.setBudget('summer', 1000)
  ledger.spend('summer', 300, MINUTE)
  ledger.restoreReserved('summer', 200, MINUTE)
  expect(ledger.setBudget('summer', 600)).toBe(slot)
  expect(ledger.remaining('summer')).toBe(100)
  ledger.setBudget('summer', 400)
  expect(ledger.remaining('summer')).toBe(0)
  expect(new BudgetView(ledger.memory).reserve(slot, 1)).toBe(false)
})

const step = fc.oneof(
  fc.record({ act: fc.constant('reserve' as const), amount: fc.integer({ min: 0, max: 300 }), minute: fc.nat(9) }),
  fc.record({ act: fc.constant('spend' as const), amount: fc.integer({ min: 0, max: 300 }), minute: fc.nat(9) }),
  fc.record({ act: fc.constant('release' as const), amount: fc.constant(0), minute: fc.nat(9) }),
  fc.record({ act: fc.constant('give back' as const), amount: fc.integer({ min: 0, max: 300 }), minute: fc.nat(9) }),
  fc.record({ act: fc.constant('settle' as const), amount: fc.integer({ min: 0, max: 900 }), minute: fc.constant(0) }),
)

test('what is left is always the budget less spending less what is still reserved', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ledger = new BudgetLedger()
      const view = new BudgetView(ledger.memory)
      const slot = ledger.setBudget('summer', 1000)
      const reserved = new Map<number, number>()
      let spent = 0
      for (const { act, amount, minute } of steps) {
        if (act === 'reserve' && view.reserve(slot, amount)) {
          ledger.noteReserved(slot, amount, minute * MINUTE)
          reserved.set(minute, (reserved.get(minute) ?? 0) + amount)
        } else if (act === 'spend') {
          ledger.spend('summer', amount, minute * MINUTE)
          spent += amount
          reserved.set(minute, Math.max(0, (reserved.get(minute) ?? 0) - amount))
        } else if (act === 'release') {
          ledger.release(minute * MINUTE)
          for (const due of reserved.keys()) if (due <= minute) reserved.delete(due)
        } else if (act === 'give back') {
          ledger.giveBack('summer', amount, minute * MINUTE)
          reserved.set(minute, Math.max(0, (reserved.get(minute) ?? 0) - amount))
        } else if (act === 'settle') {
          ledger.settle('summer', amount)
          spent = amount
        }
        const held = [...reserved.values()].reduce((sum, value) => sum + value, 0)
        expect(ledger.remaining('summer')).toBe(Math.max(0, 1000 - spent - held))
        expect(ledger.heldBack('summer')).toBe(held)
      }
    }),
    { seed: 5, numRuns: 300 },
  )
})
