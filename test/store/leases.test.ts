import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BudgetView, budgetMemory } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { Leases } from '../../core/store/ledger/leases.ts'
import { balancesOf, verifyLedger } from '../../core/store/ledger/verify.ts'
import { type LeasedLimit, LeaseKeeper } from '../../server/ledger/lease-keeper.ts'
import { type TestLedger, testLedger } from '../support/ledger.ts'
import { TestWatch } from '../support/watch.ts'

const TTL = 1000
const TERMS = { ttlMs: TTL, shareBps: 2500, leastMinor: 10 }

let ledger: TestLedger
let watch: TestWatch
let limits: LeasedLimit[]
beforeEach(async () => {
  ledger = await testLedger()
  watch = new TestWatch()
  limits = [{ campaign: 'spring', slot: 'minor', limit: 1000 }]
})
afterEach(() => ledger.remove())

/** A server, as far as budgets go. */
class Holder {
  readonly budgets = new BudgetLedger(budgetMemory())
  readonly view = new BudgetView(this.budgets.memory, () => watch.read())
  readonly leases = new Leases(ledger.ledger, TERMS, watch)
  readonly keeper: LeaseKeeper
  lost = 0
  uncovered = 0

  constructor(holder: string) {
    this.keeper = new LeaseKeeper({
      holder,
      budgets: this.budgets,
      limits: () => limits,
      renew: (renewal) => this.leases.renew(renewal),
      onLost: () => this.lost++,
      onUncovered: (_, amount) => {
        this.uncovered += amount
      },
      watch: () => watch.read(),
    })
  }

  give(amount: number, forMs: number, key = 'spring'): boolean {
    const slot = this.budgets.slotOf(key)
    if (!this.view.reserve(slot, amount)) return false
    this.budgets.noteReserved(slot, amount, watch.ms + forMs)
    return true
  }

  left(key = 'spring'): number {
    return this.budgets.remaining(key)
  }
}

const balances = (campaign = 'spring') =>
  Object.fromEntries(
    balancesOf(ledger.reader)
      .filter((row) => row.campaign === campaign && row.balance !== 0)
      .map(({ place, holder, balance }) => [holder === '' ? place : `${place} ${holder}`, balance]),
  )
const allAgree = () => expect(verifyLedger(ledger.reader).discrepancies).toEqual([])

it('each server has a chunk of what is available, and what offers take and purchases use is told at the next renewal', async () => {
  const [a, b] = [new Holder('a'), new Holder('b')]
  expect(await a.keeper.renew()).toBe(true)
  expect(await b.keeper.renew()).toBe(true)
  expect([a.left(), b.left()]).toEqual([250, 187])
  expect(a.give(251, TTL)).toBe(false)
  expect(a.give(200, 60_000)).toBe(true)
  a.budgets.spend('spring', 40, 0)
  await a.keeper.renew()
  expect(balances()).toEqual({
    issued: -1000,
    available: 430,
    'lease a#1': 143,
    'held a': 200,
    'spent a': 40,
    'lease b#2': 187,
  })
  expect(a.left()).toBe(143)
  await b.keeper.renew()
  expect(a.budgets.used('spring').spent).toBe(40)
  expect(b.budgets.used('spring').spent).toBe(240)
  allAgree()
})

it('what an idle server does not need goes back, so that another can have it', async () => {
  const [a, b] = [new Holder('a'), new Holder('b')]
  await a.keeper.renew()
  let given = 0
  for (let round = 0; round < 40; round++) {
    await a.keeper.renew()
    await b.keeper.renew()
    while (b.give(10, 10 * TTL)) given += 10
  }
  expect(a.left()).toBe(10)
  expect(given).toBeGreaterThanOrEqual(980)
  allAgree()
})

it('after the end of its lease a server gives nothing; what it left returns, and what it told then changes nothing', async () => {
  const [dead, other] = [new Holder('dead'), new Holder('other')]
  await dead.keeper.renew()
  expect(dead.give(100, 5 * TTL)).toBe(true)
  watch.ms += TTL - 1
  await other.keeper.renew()
  expect(balances()).toMatchObject({ 'lease dead#1': 250 })
  expect(dead.give(1, TTL)).toBe(true)
  watch.ms += 1
  expect(dead.give(1, TTL)).toBe(false)
  await other.keeper.renew()
  expect(balances()).not.toHaveProperty('lease dead#1')
  expect(await dead.keeper.renew()).toBe(false)
  expect(dead.lost).toBe(1)
  // Its next life is covered anew, with the offers that still hold.
  expect(await dead.keeper.renew()).toBe(true)
  expect(balances()).toMatchObject({ 'held dead': 101 })
  allAgree()
})

it('what is held outlives the server until its offers are over; a life that begins meanwhile takes it over', async () => {
  const first = new Holder('a')
  await first.keeper.renew()
  first.give(120, 3 * TTL)
  await first.keeper.renew()
  const until = first.budgets.standing('spring').until - watch.ms
  const second = new Holder('a')
  second.budgets.slotOf('spring')
  second.budgets.restoreReserved('spring', 120, watch.ms + 3 * TTL)
  second.budgets.spend('spring', 30, 0)
  await second.keeper.renew()
  expect(balances()).toMatchObject({ 'held a': 120, 'spent a': 30, 'lease a#1': 220 })
  expect(await first.keeper.renew()).toBe(false)
  watch.ms += TTL
  const other = new Holder('b')
  await other.keeper.renew()
  expect(balances()).not.toHaveProperty('lease a#1')
  expect(balances()).not.toHaveProperty('lease a#2')
  expect(balances()).toMatchObject({ 'held a': 120, 'spent a': 30 })
  watch.ms += until
  await other.keeper.renew()
  expect(balances()).not.toHaveProperty('held a')
  allAgree()
})

it('what a life held of a limit that the next one does not know comes back when its offers are over', async () => {
  const first = new Holder('a')
  await first.keeper.renew()
  first.give(120, 3 * TTL)
  await first.keeper.renew()
  const until = first.budgets.standing('spring').until - watch.ms
  limits = []
  const second = new Holder('a')
  await second.keeper.renew()
  watch.ms += until - 1
  await second.keeper.renew()
  await second.keeper.renew()
  expect(balances()).toMatchObject({ 'held a': 120 })
  watch.ms += 1
  await second.keeper.renew()
  expect(balances()).toEqual({ issued: -1000, available: 1000 })
  allAgree()
})

it('counts as far as a campaign file can', async () => {
  limits = [{ campaign: 'spring', slot: 'minor', limit: Number.MAX_SAFE_INTEGER }]
  const a = new Holder('a')
  await a.keeper.renew()
  expect(a.give(2 ** 31 - 1, 60_000)).toBe(true)
  await a.keeper.renew()
  expect(balances()).toMatchObject({ issued: -Number.MAX_SAFE_INTEGER, 'held a': 2 ** 31 - 1 })
  await a.keeper.end()
  expect(balances()).toMatchObject({ available: Number.MAX_SAFE_INTEGER - (2 ** 31 - 1) })
  allAgree()
})

it('a server that ends gives all back at once but what its offers hold', async () => {
  const a = new Holder('a')
  await a.keeper.renew()
  a.give(50, TTL)
  await a.keeper.end()
  expect(balances()).toEqual({ issued: -1000, available: 950, 'held a': 50 })
  allAgree()
})

it('purchases that nothing covers are booked as what they are, and leave less to give', async () => {
  const a = new Holder('a')
  limits = [{ campaign: 'spring', slot: 'minor', limit: 100 }]
  await a.keeper.renew()
  a.budgets.spend('spring', 130, 0)
  await a.keeper.renew()
  expect(balances()).toEqual({ issued: -130, 'spent a': 130 })
  expect(a.uncovered).toBe(30)
  expect(verifyLedger(ledger.reader)).toMatchObject({ uncoveredMinor: 30, discrepancies: [] })
  await a.keeper.renew()
  expect(balances()).toEqual({ issued: -100, available: -30, 'spent a': 130 })
  expect(a.left()).toBe(0)
  allAgree()
})

it('a log that lost purchases makes no budget of it', async () => {
  const first = new Holder('a')
  await first.keeper.renew()
  first.budgets.spend('spring', 200, 0)
  await first.keeper.end()
  const second = new Holder('a')
  await second.keeper.renew()
  second.budgets.spend('spring', 10, 0)
  await second.keeper.renew()
  expect(balances()).toMatchObject({ 'spent a': 210 })
  expect(second.left()).toBe(balances()['lease a#2'])
})

it('a limit that goes from the campaign file gives its lease back, and one that comes is leased', async () => {
  const a = new Holder('a')
  await a.keeper.renew()
  a.give(100, 60_000)
  limits = [{ campaign: 'autumn', slot: 'uses', limit: 3 }]
  await a.keeper.look()
  expect(balances()).toEqual({ issued: -1000, available: 900, 'held a': 100 })
  expect(balances('autumn')).toEqual({ issued: -3, available: 2, 'lease a#1': 1 })
  expect(a.give(1, 60_000, 'autumn uses')).toBe(true)
  expect(a.give(1, 60_000, 'autumn uses')).toBe(false)
  allAgree()
})

it('where a renewal fails nothing is lost but its lease, for as long as that lasts', async () => {
  const a = new Holder('a')
  await a.keeper.renew()
  a.give(70, 60_000)
  const renew = a.leases.renew.bind(a.leases)
  a.leases.renew = async (renewal) => {
    await renew(renewal)
    throw new Error('the answer was lost')
  }
  expect(await a.keeper.renew()).toBe(false)
  a.leases.renew = renew
  expect(await a.keeper.renew()).toBe(true)
  expect(balances()).toMatchObject({ 'held a': 70, 'lease a#1': 232, 'lease a#2': 174 })
  expect(a.left()).toBe(174)
  watch.ms += TTL
  await a.keeper.renew()
  await a.keeper.renew()
  expect(balances()).not.toHaveProperty('lease a#1')
  expect(balances()).not.toHaveProperty('lease a#2')
  allAgree()
})

it('whatever servers do, die of and come back from, what they gave and what was used never passes the limit', async () => {
  const who = fc.integer({ min: 0, max: 2 })
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('give' as const), who, amount: fc.integer({ min: 1, max: 90 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('renew' as const), who }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('use' as const), who }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), who }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 400, 1100) }) },
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const campaign = `round-${round++}`
      limits = [{ campaign, slot: 'minor', limit: 300 }]
      const name = (n: number) => `${campaign}-${n}`
      const holders = [0, 1, 2].map((n) => new Holder(name(n)))
      // Offers that hold for as long as the lease they were given of: none outlives it unseen.
      const offers: { by: Holder; amount: number; until: number }[] = []
      let used = 0
      for (const one of steps) {
        if (one.kind === 'wait') watch.ms += one.ms
        else if (one.kind === 'kill') holders[one.who] = new Holder(name(one.who))
        else if (one.kind === 'renew') await holders[one.who].keeper.renew()
        else if (one.kind === 'give') {
          if (holders[one.who].give(one.amount, 0, campaign)) {
            offers.push({ by: holders[one.who], amount: one.amount, until: watch.ms })
            const standing = offers
              .filter(({ until }) => until >= watch.ms)
              .reduce((sum, { amount }) => sum + amount, 0)
            expect(used + standing).toBeLessThanOrEqual(300)
          }
        } else {
          const at = offers.findIndex(({ by }) => by === holders[one.who])
          if (at < 0) continue
          const [{ by, amount, until }] = offers.splice(at, 1)
          by.budgets.spend(campaign, amount, until)
          // It counts when the ledger has it.
          if (!by.view.isOver && (await by.keeper.renew())) used += amount
        }
        const told = balancesOf(ledger.reader).filter((row) => row.campaign === campaign)
        const sum = (place: string) =>
          told.filter((row) => row.place === place).reduce((total, { balance }) => total + balance, 0)
        expect(sum('spent')).toBeGreaterThanOrEqual(used)
      }
      expect(used).toBeLessThanOrEqual(300)
      expect(verifyLedger(ledger.reader).discrepancies).toEqual([])
    }),
    { seed: 7, numRuns: 60 },
  )
})
