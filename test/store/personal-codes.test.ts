import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CODE_ALPHABET, isWellFormed } from '../../core/contract/codes.ts'
import { CodeReader } from '../../core/store/ledger/codes.ts'
import { countCodes } from '../../core/store/ledger/listing.ts'
import {
  ledgerSubject,
  makeSecret,
  PersonalCodes,
  readSecret,
  subjectFromLedger,
} from '../../core/store/ledger/personal.ts'
import { type Redemption, Redemptions } from '../../core/store/ledger/redemptions.ts'
import { OPEN, type TestLedger, testLedger } from '../support/ledger.ts'

const secret = Buffer.alloc(32, 7)
const codes = new PersonalCodes({ secret, campaigns: ['spring', 'summer'] })

let ledger: TestLedger
beforeEach(async () => {
  ledger = await testLedger()
})
afterEach(() => ledger.remove())

/** All words first, then the first eleven characters that a check closes. */
function literal(campaign: string, subject: string): string {
  const words = Array.from({ length: 40 }, (_, block) =>
    createHmac('sha256', secret).update(`${block}\0${campaign}\0${subject}`).digest(),
  ).flatMap((bytes) => Array.from({ length: 16 }, (_, i) => 256 * bytes[2 * i] + bytes[2 * i + 1]))
  for (let from = 0; ; from += 11) {
    const head = words.slice(from, from + 11).map((word) => CODE_ALPHABET[word % 31])
    const check = [...CODE_ALPHABET].find((last) => isWellFormed(head.join('') + last))
    if (check !== undefined) return head.join('') + check
  }
}

const names = fc.record({ campaign: fc.constantFrom('spring', 'summer'), subject: fc.string({ unit: 'binary' }) })

it('a personal code is what its formula says, and is told to be of its campaign for its shopper alone', () => {
  fc.assert(
    fc.property(names, names, ({ campaign, subject }, other) => {
      const code = codes.codeOf(campaign, subject)
      expect(code).toBe(literal(campaign, subject))
      expect(codes.campaignOf(code, subject)).toBe(campaign)
      const isSame = other.campaign === campaign && other.subject === subject
      expect(codes.codeOf(other.campaign, other.subject) === code).toBe(isSame)
      expect(codes.campaignOf(code, other.subject)).toBe(other.subject === subject ? campaign : undefined)
      const elsewhere = new PersonalCodes({ secret: Buffer.alloc(32, 8), campaigns: ['spring', 'summer'] })
      expect(elsewhere.campaignOf(code, subject)).toBeUndefined()
    }),
    { seed: 4, numRuns: 300 },
  )
})

it('the subject of a ledger is the one who asked', () => {
  for (const asked of [{ shopper: 'a:b' }, { session: 'shopper:a' }])
    expect(subjectFromLedger(ledgerSubject(asked) as string)).toEqual(asked)
  expect(codes.ofSubject({})).toBeUndefined()
  expect(codes.ofSubject({ shopper: 'ann', personalise: false })).toBeUndefined()
  expect(codes.ofSubject({ shopper: 'ann', session: 'x' })?.('spring')).toBe(codes.codeOf('spring', 'shopper:ann'))
})

it('a ledger has one secret, whoever asks for it', () => {
  expect(readSecret(`${ledger.file}-none`)).toBeNull()
  const made = makeSecret(ledger.file)
  expect(made).toHaveLength(32)
  expect(readSecret(ledger.file)).toEqual(made)
  expect(makeSecret(ledger.file)).toEqual(made)
})

it('a personal code is known before it was ever used, and is good once', async () => {
  const code = codes.codeOf('spring', 'shopper:ann')
  const reader = new CodeReader(ledger.file)
  const known = (shopper: string) => reader.known({ codes: [code.toLowerCase()], shopper }, 1, codes)
  const typed = { typed: code.toLowerCase(), campaign: 'spring' }
  expect(known('ann')).toEqual([{ ...typed, refusal: null, usesOfShopper: 0 }])
  expect(known('bob')).toEqual([])
  const asked: Redemption = {
    id: '1',
    code,
    shopper: 'ann',
    discountMinor: 5,
    time: 1,
    personalOf: 'spring',
    confirm: true,
  }
  const redeem = async (reserve: Redemption) =>
    (await new Redemptions(ledger.ledger).perform([{ reserve }], new Map([['spring', OPEN]])))[0]
  const { personalOf: _, ...unknown } = asked
  expect(await redeem(unknown)).toMatchObject({ code: 'code_unknown' })
  const done = await redeem(asked)
  expect(done).toMatchObject({
    answer: { id: '1', code, campaign: 'spring' },
    spent: { uses: 1, minor: 5 },
    confirmedFor: 'shopper:ann',
  })
  expect(await redeem(asked)).toEqual({ ...done, confirmedFor: null })
  expect(await redeem({ ...asked, id: '2' })).toMatchObject({ code: 'code_used' })
  expect(known('ann')).toEqual([{ ...typed, refusal: 'code_used', usesOfShopper: 1 }])
  expect(known('bob')).toEqual([{ ...typed, refusal: 'code_used', usesOfShopper: 0 }])
  expect(countCodes(ledger.reader, 'spring', 1)).toEqual({ unused: 0, reserved: 0, used: 1, expired: 0 })
  reader.close()
})

it('what offers hold back is left to whom they were given', async () => {
  const [first, second] = (await ledger.make({ for: 2 })).map(({ code }) => code)
  const terms = new Map([['spring', { ...OPEN, budgetMinor: 100, uses: 3, heldBack: { minor: 80, uses: 2 } }]])
  const redeem = async (one: Partial<Redemption>) => {
    const reserve = { id: 'r', code: first, discountMinor: 21, time: 1, ...one }
    const [outcome] = await new Redemptions(ledger.ledger).perform([{ reserve }], terms)
    return 'answer' in outcome ? 'done' : outcome.code
  }
  expect(await redeem({})).toBe('budget_exhausted')
  expect(await redeem({ held: new Map([['summer', { minor: 80, uses: 2 }]]) })).toBe('budget_exhausted')
  expect(await redeem({ held: new Map([['spring', { minor: 1, uses: 1 }]]) })).toBe('done')
  expect(await redeem({ id: 's', code: second, discountMinor: 0 })).toBe('limit_reached')
})
