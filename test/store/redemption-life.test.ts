import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { CodeReader } from '../../core/store/ledger/codes.ts'
import type { RedemptionTerms } from '../../core/store/ledger/guards.ts'
import { countCodes } from '../../core/store/ledger/listing.ts'
import { type LedgerRequest, Redemptions } from '../../core/store/ledger/redemptions.ts'
import { spentByCodes } from '../../core/store/ledger/spending.ts'
import { balancesOf, verifyLedger } from '../../core/store/ledger/verify.ts'
import { OPEN, type TestLedger, testLedger } from '../support/ledger.ts'
import { TestWatch } from '../support/watch.ts'

const MINUTE = 60_000

let ledger: TestLedger
let watch: TestWatch
let redemptions: Redemptions
let codes: string[]
beforeEach(async () => {
  ledger = await testLedger()
  watch = new TestWatch()
  redemptions = new Redemptions(ledger.ledger, watch)
  codes = (await ledger.make({ for: 4 })).map(({ code }) => code)
})
afterEach(() => ledger.remove())

const limited: Partial<RedemptionTerms> = { budgetMinor: 500, uses: 3 }

async function perform(request: LedgerRequest, terms = limited) {
  const [outcome] = await redemptions.perform([request], new Map([['spring', { ...OPEN, ...terms }]]))
  return outcome instanceof OfferwrightError ? outcome.code : outcome.answer
}
const reserve = (id: string, code: string, rest: object = {}) =>
  perform({ reserve: { id, code, discountMinor: 200, time: 1, ...rest } })
const confirm = (id: string) => perform({ confirm: { id, time: 2 } })
const reverse = (redemption: string, id: string, rest: object = {}) =>
  perform({ reverse: { redemption, id, time: 3, ...rest } })
const spent = () => spentByCodes(ledger.file)[0]
const places = () =>
  Object.fromEntries(
    balancesOf(ledger.reader)
      .filter(({ slot, balance }) => slot === 'minor' && balance !== 0)
      .map(({ place, balance }) => [place, balance]),
  )

it('a code is reserved, then confirmed; what is sent again is answered the same and books nothing', async () => {
  const reserved = await reserve('a', codes[0])
  const answer = { id: 'a', code: codes[0], campaign: 'spring', discountMinor: 200, redeemedAt: 1 }
  expect(reserved).toEqual({ ...answer, state: 'reserved', expiresInMinutes: 15 })
  expect(places()).toEqual({ issued: -500, available: 300, reserved: 200 })
  expect(await reserve('b', codes[0])).toBe('code_used')
  expect(await reserve('a', codes[0], { expiresInMinutes: 16 })).toBe('conflict')
  expect(await reserve('a', codes[0], { confirm: true })).toBe('conflict')
  const confirmed = await confirm('a')
  expect(confirmed).toEqual({ ...answer, state: 'confirmed', expiresInMinutes: 15, confirmedAt: 2 })
  expect(places()).toEqual({ issued: -500, available: 300, spent: 200 })
  watch.ms += 60 * MINUTE
  expect(await confirm('a')).toEqual(confirmed)
  expect(await reserve('a', codes[0])).toEqual(reserved)
  expect(spent()).toEqual({ campaign: 'spring', uses: 1, minor: 200 })
})

it('a reservation that nobody confirms comes back when its time is over, and only then', async () => {
  await reserve('a', codes[0], { expiresInMinutes: 2 })
  expect(countCodes(ledger.reader, 'spring', 1)).toEqual({ unused: 3, reserved: 1, used: 0, expired: 0 })
  watch.ms += 2 * MINUTE - 1
  // The wall clock, a day on and a day back, is not asked.
  for (const time of [1 + 86_400_000, 1 - 86_400_000 + 86_400_000 * 2])
    expect(await reserve('b', codes[0], { time })).toBe('code_used')
  watch.ms += 1
  expect(await confirm('a')).toBe('redemption_expired')
  expect(places()).toEqual({ issued: -500, available: 500 })
  expect(await reserve('b', codes[0])).toMatchObject({ id: 'b', state: 'reserved' })
  expect(await reverse('a', 'x')).toBe('conflict')
  // Its answer stands; its confirmation told what became of it.
  expect(await reserve('a', codes[0], { expiresInMinutes: 2 })).toMatchObject({ state: 'reserved' })
})

it('a reservation is called off as a whole, and its code is good again', async () => {
  await reserve('a', codes[0])
  expect(await reverse('a', 'x', { amountMinor: 50 })).toBe('invalid_value')
  const off = await reverse('a', 'x')
  expect(off).toEqual({ redemption: 'a', id: 'x', amountMinor: 200, leftMinor: 0, reversedAt: 3 })
  expect(await reverse('a', 'x')).toEqual(off)
  expect(await confirm('a')).toBe('conflict')
  expect(places()).toEqual({ issued: -500, available: 500 })
  expect(await reserve('b', codes[0])).toMatchObject({ id: 'b' })
})

it('a redemption is taken back in parts, never more than it was, and its code stays used unless told', async () => {
  await reserve('a', codes[0], { confirm: true })
  const part = await reverse('a', 'x', { amountMinor: 150 })
  expect(part).toMatchObject({ amountMinor: 150, leftMinor: 50 })
  expect(spent()).toEqual({ campaign: 'spring', uses: 1, minor: 50 })
  expect(await reverse('a', 'x', { amountMinor: 150 })).toEqual(part)
  expect(await reverse('a', 'x', { amountMinor: 151 })).toBe('conflict')
  expect(await reverse('a', 'x')).toBe('conflict')
  expect(await reverse('a', 'y', { amountMinor: 51 })).toBe('invalid_value')
  expect(await reverse('a', 'y')).toMatchObject({ amountMinor: 50, leftMinor: 0 })
  expect(await reverse('a', 'z')).toBe('conflict')
  expect(await reverse('none', 'z')).toBe('not_found')
  expect(spent()).toEqual({ campaign: 'spring', uses: 0, minor: 0 })
  expect(await reserve('b', codes[0])).toBe('code_used')
  await reserve('c', codes[1], { confirm: true, discountMinor: 0 })
  expect(await reverse('c', 'x', { reopenCode: true })).toMatchObject({ amountMinor: 0, leftMinor: 0 })
  expect(await reserve('d', codes[1])).toMatchObject({ id: 'd' })
})

it('reservations count for a shopper while they stand', async () => {
  const own = { shopper: 'ann' }
  const terms = { ...limited, usesOfShopper: 1 }
  const ask = (id: string, code: string) => perform({ reserve: { id, code, discountMinor: 1, time: 1, ...own } }, terms)
  expect(await ask('a', codes[0])).toMatchObject({ id: 'a' })
  expect(await ask('b', codes[1])).toBe('limit_reached')
  const reader = new CodeReader(ledger.file)
  const asked = { codes: [codes[0]], ...own }
  expect(reader.known(asked, 1)).toMatchObject([{ refusal: 'code_used', usesOfShopper: 1 }])
  watch.ms += 15 * MINUTE
  expect(await ask('b', codes[1])).toMatchObject({ id: 'b' })
  expect(reader.known(asked, 1)).toMatchObject([{ refusal: null, usesOfShopper: 1 }])
  reader.close()
})

it('a budget that is cut under what was given lets nothing more out, and one that grows does', async () => {
  const ask = (id: string, code: string, budgetMinor: number | null) =>
    perform({ reserve: { id, code, discountMinor: 200, time: 1, confirm: true } }, { budgetMinor })
  expect(await ask('a', codes[0], null)).toMatchObject({ id: 'a' })
  expect(await ask('b', codes[1], 300)).toBe('budget_exhausted')
  expect(await ask('b', codes[1], 400)).toMatchObject({ id: 'b' })
  expect(await ask('c', codes[2], 100)).toBe('budget_exhausted')
  expect(await ask('c', codes[2], 600)).toMatchObject({ id: 'c' })
  expect(places()).toEqual({ issued: -600, spent: 600 })
  expect(verifyLedger(ledger.reader).discrepancies).toEqual([])
})

interface Paper {
  code: string
  minor: number
  state: 'reserved' | 'confirmed' | 'gone'
  until: number
}

it('does in any order what a book on paper does, and every balance is the sum of its movements', async () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('reserve' as const),
      id,
      code: fc.integer({ min: 0, max: 3 }),
      minor: fc.constantFrom(100, 300),
    }),
    fc.record({ kind: fc.constant('confirm' as const), id }),
    fc.record({ kind: fc.constant('reverse' as const), id, minor: fc.constantFrom(100, 300) }),
    fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(5, 15) }),
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
      const campaign = `round-${round++}`
      const own = (await ledger.make({ campaign, for: 4 })).map(({ code }) => code)
      const terms = new Map([[campaign, { ...OPEN, budgetMinor: 500 }]])
      const ask = async (request: LedgerRequest) => {
        const [outcome] = await redemptions.perform([request], terms)
        return outcome instanceof OfferwrightError ? outcome.code : 'done'
      }
      const paper = new Map<string, Paper>()
      const live = () =>
        [...paper.values()].filter(
          ({ state, until }) => state === 'confirmed' || (state === 'reserved' && until > watch.ms),
        )
      const used = () => live().reduce((sum, { minor }) => sum + minor, 0)
      let reversals = 0
      for (const one of steps) {
        if (one.kind === 'wait') watch.ms += one.minutes * MINUTE
        else if (one.kind === 'reserve') {
          const key = `${campaign} ${one.id} ${one.code} ${one.minor}`
          const free = !live().some(({ code }) => code === own[one.code])
          const expected = paper.has(key)
            ? 'done'
            : !free
              ? 'code_used'
              : used() + one.minor > 500
                ? 'budget_exhausted'
                : 'done'
          expect(await ask({ reserve: { id: key, code: own[one.code], discountMinor: one.minor, time: 1 } })).toBe(
            expected,
          )
          if (expected === 'done' && !paper.has(key))
            paper.set(key, { code: own[one.code], minor: one.minor, state: 'reserved', until: watch.ms + 15 * MINUTE })
        } else {
          const [key, entry] = [...paper].find(([known]) => known.startsWith(`${campaign} ${one.id} `)) ?? []
          if (key === undefined || entry === undefined) continue
          const isOver = entry.state === 'reserved' && entry.until <= watch.ms
          if (one.kind === 'confirm') {
            const outcome = await ask({ confirm: { id: key, time: 2 } })
            if (isOver) expect(outcome).toBe('redemption_expired')
            else if (entry.state === 'reserved') expect(outcome).toBe('done')
            if (outcome === 'done' && entry.state === 'reserved') entry.state = 'confirmed'
          } else {
            const reversal = { redemption: key, id: String(reversals++), amountMinor: one.minor, time: 3 }
            const outcome = await ask({ reverse: reversal })
            const isPart = entry.state === 'reserved' && one.minor < entry.minor
            const expected =
              isOver || entry.state === 'gone' || entry.minor === 0
                ? 'conflict'
                : one.minor > entry.minor || isPart
                  ? 'invalid_value'
                  : 'done'
            expect(outcome).toBe(expected)
            if (outcome !== 'done') continue
            // The code of a confirmed one stays used: it is told apart by a code of nobody.
            entry.minor -= one.minor
            if (entry.minor === 0 && entry.state === 'reserved') entry.state = 'gone'
          }
        }
        await ask({ confirm: { id: 'nobody', time: 2 } })
        const booked = spentByCodes(ledger.file).find((each) => each.campaign === campaign)
        expect(booked?.minor ?? 0).toBe(used())
      }
      expect(verifyLedger(ledger.reader).discrepancies).toEqual([])
    }),
    { seed: 11, numRuns: 60 },
  )
})

it('verify finds what does not agree, wherever it was changed', async () => {
  await reserve('a', codes[0], { confirm: true })
  await reserve('b', codes[1])
  expect(verifyLedger(ledger.reader)).toMatchObject({ redemptions: 2, discrepancies: [] })
  const { tables } = ledger.ledger
  const tampered = async (change: string, back: string) => {
    await sql.raw(change).execute(tables)
    const found = verifyLedger(ledger.reader).discrepancies
    await sql.raw(back).execute(tables)
    expect(verifyLedger(ledger.reader).discrepancies).toEqual([])
    return found.map(({ check, of, expected, found }) => [check, of, expected, found])
  }
  const spentAccount = "WHERE campaign = 'spring' AND slot = 'minor' AND place = 'spent'"
  expect(
    await tampered(
      `UPDATE accounts SET balance = balance - 7 ${spentAccount}`,
      `UPDATE accounts SET balance = balance + 7 ${spentAccount}`,
    ),
  ).toEqual([
    ['balance', 'spring minor spent', 200, 193],
    ['limit', 'spring minor', 0, -7],
  ])
  expect(
    await tampered(
      "UPDATE redemptions SET state = 'expired' WHERE id = 'b'",
      "UPDATE redemptions SET state = 'reserved' WHERE id = 'b'",
    ),
  ).toEqual([
    ['redemption', 'b minor reserved', 0, 200],
    ['redemption', 'b uses reserved', 0, 1],
  ])
  expect(
    await tampered(
      'UPDATE movements SET amount = amount + 1 WHERE id = 2',
      'UPDATE movements SET amount = amount - 1 WHERE id = 2',
    ),
  ).not.toEqual([])
})
