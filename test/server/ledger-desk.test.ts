import { afterEach, beforeEach, expect, test } from 'vitest'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { Redemptions } from '../../core/store/ledger/redemptions.ts'
import { type Spent, spentByCodes } from '../../core/store/ledger/spending.ts'
import { LedgerDesk } from '../../server/ledger/desk.ts'
import { OPEN, type TestLedger, testLedger } from '../support/ledger.ts'

let ledger: TestLedger
let desk: LedgerDesk
let redeemed: number
let last: Spent | undefined
beforeEach(async () => {
  ledger = await testLedger()
  redeemed = 0
  last = undefined
  desk = new LedgerDesk({
    file: ledger.file,
    leases: { ttlMs: 1000, shareBps: 2500, leastMinor: 1 },
    terms: () => new Map([['spring', OPEN]]),
    onSpent: (spent) => {
      redeemed++
      last = spent
    },
    onConfirmed: () => undefined,
    onFailure: (error) => {
      throw error
    },
  })
})
afterEach(async () => {
  await desk.close()
  await ledger.remove()
})

const codes = async (count: number) => (await ledger.make({ for: count })).map(({ code }) => code)
const redeem = (id: string, code: string) => desk.redeem({ id, code, discountMinor: 2, time: 1, confirm: true })

test('one redemption after the other is done, the next asked for the moment that the one before is answered', async () => {
  for (const code of await codes(50)) expect(await redeem(code, code)).toMatchObject({ id: code, code })
  expect(redeemed).toBe(50)
})

test('many at once are each done or refused for themselves, and booked in all', async () => {
  const made = await codes(700)
  const asked = [...made, ...made].map((code, n) => redeem(`${n}`, code).catch((error) => error as OfferwrightError))
  const outcomes = await Promise.all(asked)
  const refused = outcomes.filter((outcome) => outcome instanceof OfferwrightError)
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['code_used']))
  expect([refused.length, redeemed]).toEqual([700, 700])
  expect(spentByCodes(ledger.file)).toEqual([{ campaign: 'spring', uses: 700, minor: 1400 }])
})

test('more than can be done while a shopper waits are told to come again', async () => {
  const [code] = await codes(1)
  const outcomes = await Promise.allSettled(Array.from({ length: 3000 }, (_, n) => redeem(`${n}`, code)))
  const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'done'))
  expect(new Set(reasons)).toEqual(new Set(['done', 'code_used', 'overloaded']))
  expect(reasons.filter((reason) => reason === 'done')).toHaveLength(1)
})

test('codes that are ordered meanwhile are made, with those of others all different', async () => {
  const order = { campaign: 'spring', prefix: 'HI', length: 12, expiresAt: null, for: 300 }
  const [made, others, answers] = await Promise.all([
    desk.make(order, 0),
    desk.make(order, 0),
    Promise.all((await codes(20)).map((code) => redeem(code, code))),
  ])
  expect(new Set([...made, ...others].map(({ code }) => code)).size).toBe(600)
  expect(answers).toHaveLength(20)
  await expect(desk.make({ ...order, length: 8 }, 0)).rejects.toMatchObject({ code: 'invalid_value', field: 'length' })
})

test('what expired before this server started is given back, and told, without anybody redeeming', async () => {
  const [code] = await codes(1)
  const { tables } = ledger.ledger
  const terms = new Map([['spring', OPEN]])
  const reserve = { id: 'old', code, discountMinor: 2, time: 1 }
  await new Redemptions(ledger.ledger).perform([{ reserve }], terms)
  await desk.expire()
  expect(last).toBeUndefined()
  await tables.updateTable('redemptions').set({ expires_ms: 0 }).execute()
  await desk.expire()
  expect(last).toEqual({ campaign: 'spring', uses: 0, minor: 0 })
  expect(await redeem('new', code)).toMatchObject({ id: 'new' })
})
