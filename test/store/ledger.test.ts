import { existsSync, statSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Random } from '../../bench/random.ts'
import { drawCode } from '../../core/contract/codes.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { CodeReader, type MadeCode, makeCodes } from '../../core/store/ledger/codes.ts'
import { openLedger, openLedgerToRead } from '../../core/store/ledger/database.ts'
import type { RedemptionTerms } from '../../core/store/ledger/guards.ts'
import { countCodes, listCodes } from '../../core/store/ledger/listing.ts'
import { type Redemption, Redemptions } from '../../core/store/ledger/redemptions.ts'
import { spentByCodes } from '../../core/store/ledger/spending.ts'
import { OPEN, type TestLedger, testLedger } from '../support/ledger.ts'
import { run, start } from '../support/processes.ts'

const REDEEMER = fileURLToPath(new URL('code-redeemer.js', import.meta.url))

const SEED = 1
const PAGE_BYTES = 4096

let ledger: TestLedger
beforeEach(async () => {
  ledger = await testLedger(SEED)
})
afterEach(() => ledger.remove())

/** One redemption: its answer, or the code it was refused with. */
async function redeem(asked: Partial<Redemption>, terms: Partial<RedemptionTerms> = {}) {
  const reserve = { id: 'r', code: '', discountMinor: 0, time: 1, confirm: true, ...asked }
  const all = new Map([['spring', { ...OPEN, ...terms }]])
  const [outcome] = await new Redemptions(ledger.ledger).perform([{ reserve }], all)
  return outcome instanceof OfferwrightError ? outcome.code : outcome.answer
}

const spent = () => spentByCodes(ledger.file)

it('a code is good once; the same redemption sent again is answered the same and books nothing more', async () => {
  const [{ code }] = await ledger.make({ prefix: 'HI' })
  const first = { id: 'order-1', code, discountMinor: 250, shopper: 'ann', order: '1' }
  const answer = {
    id: 'order-1',
    code,
    campaign: 'spring',
    discountMinor: 250,
    redeemedAt: 1,
    state: 'confirmed',
    expiresInMinutes: null,
  }
  expect(await redeem(first)).toEqual(answer)
  expect(await redeem({ ...first, time: 9, code: code.toLowerCase().replace('-', ' ') })).toEqual(answer)
  // Also when the campaign is over by then.
  expect(await redeem(first, { isLive: false })).toEqual(answer)
  expect(await redeem({ ...first, id: 'order-2' })).toBe('code_used')
  for (const other of [
    { discountMinor: 1 },
    { shopper: 'bob' },
    { order: '2' },
    { code: (await ledger.make({}))[0].code },
  ])
    expect(await redeem({ ...first, ...other })).toBe('conflict')
  expect(spent()).toEqual([{ campaign: 'spring', uses: 1, minor: 250 }])
})

it('a refusal changes nothing and leaves the code good', async () => {
  const [{ code }] = await ledger.make({ expiresAt: 100, for: ['ann'] })
  expect(await redeem({ code: 'NO-SUCH-CODE' })).toBe('code_unknown')
  expect(await redeem({ code, shopper: 'bob' })).toBe('code_reserved')
  expect(await redeem({ code, session: 'ann' })).toBe('code_reserved')
  const own = { code, shopper: 'ann' }
  expect(await redeem({ ...own, time: 100 })).toBe('code_expired')
  expect(await redeem(own, { isLive: false })).toBe('campaign_not_live')
  expect(await redeem(own, { startsAt: 2 })).toBe('campaign_not_live')
  expect(await redeem(own, { endsAt: 1 })).toBe('campaign_not_live')
  expect(await redeem(own, { uses: 0 })).toBe('limit_reached')
  expect(await redeem({ ...own, discountMinor: 11 }, { budgetMinor: 10 })).toBe('budget_exhausted')
  const unservable = { reserve: { id: 'r', discountMinor: 0, time: 1, ...own } }
  const [unserved] = await new Redemptions(ledger.ledger).perform([unservable], new Map())
  expect(unserved).toMatchObject({ code: 'code_unknown', field: 'code' })
  expect(spent()).toEqual([])
  expect(await redeem({ ...own, discountMinor: 10 }, { budgetMinor: 10, uses: 1, usesOfShopper: 1 })).toMatchObject({
    code,
  })
})

it('a shopper gets as many as the campaign has for one, and nobody in particular none', async () => {
  const codes = (await ledger.make({ for: 4 })).map(({ code }) => code)
  const limited = (id: string, code: string, who: object) => redeem({ id, code, ...who }, { usesOfShopper: 1 })
  expect(await limited('1', codes[0], { shopper: 'ann' })).toMatchObject({ id: '1' })
  expect(await limited('2', codes[1], { shopper: 'ann' })).toBe('limit_reached')
  expect(await limited('3', codes[1], { session: 'ann' })).toMatchObject({ id: '3' })
  expect(await limited('4', codes[2], {})).toBe('limit_reached')
})

it('codes are all different, also where chance repeats itself', async () => {
  const made = await ledger.make({ for: 3 })
  const repeated = new Random(SEED)
  const order = { campaign: 'spring', prefix: '', length: 12, expiresAt: null, for: 3 }
  const again: MadeCode[] = []
  for await (const chunk of makeCodes(ledger.ledger, order, (below) => repeated.below(below), 0)) again.push(...chunk)
  const same = new Random(SEED)
  expect(drawCode('', 12, (below) => same.below(below))).toBe(made[0].code)
  expect(new Set([...made, ...again].map(({ code }) => code)).size).toBe(6)
})

it('so many codes that one could be guessed need more characters', async () => {
  await expect(ledger.make({ length: 8, for: 22 })).rejects.toThrow('codes shorter than 9 could be guessed')
  await ledger.make({ length: 8, for: 21 })
  await expect(ledger.make({ length: 8 })).rejects.toThrow('invalid length: 8 (with 22 codes in all')
})

it('tells of typed codes what it knows, and nothing of those that are not its own', async () => {
  const reader = new CodeReader(ledger.file)
  const [mine] = await ledger.make({ for: ['ann'], expiresAt: 100 })
  const [open] = await ledger.make({ campaign: 'other' })
  await redeem({ id: 'x', code: (await ledger.make({}))[0].code, shopper: 'ann' })
  const asked = { shopper: 'ann', codes: [mine.code, 'DEMO', open.code.toLowerCase(), '234567BW'] }
  expect(reader.known(asked, 1)).toEqual([
    { typed: mine.code, campaign: 'spring', refusal: null, usesOfShopper: 1 },
    { typed: open.code.toLowerCase(), campaign: 'other', refusal: null, usesOfShopper: 0 },
  ])
  expect(reader.known({ codes: [mine.code] }, 1)).toMatchObject([{ refusal: 'code_reserved', usesOfShopper: 0 }])
  await redeem({ id: 'y', code: mine.code, shopper: 'ann' })
  expect(reader.known(asked, 1)[0]).toMatchObject({ refusal: 'code_used', usesOfShopper: 2 })
  reader.close()
  expect(new CodeReader(`${ledger.file}-none`).known(asked, 1)).toEqual([])
})

it('lists codes with their state, and counts them', async () => {
  const [a, b] = await ledger.make({ prefix: 'HI', for: 2, expiresAt: 50 })
  const [c] = await ledger.make({ for: ['ann'] })
  await ledger.make({ campaign: 'other' })
  await redeem({ id: 'order-1', code: a.code, discountMinor: 7, time: 3 })
  const listed = [...listCodes(ledger.reader, 'spring', 60)]
  expect(listed.find(({ code }) => code === a.code)).toEqual({
    code: a.code,
    state: 'used',
    shopper: null,
    expiresAt: 50,
    redemption: 'order-1',
    discountMinor: 7,
    redeemedAt: 3,
  })
  expect(listed.find(({ code }) => code === b.code)?.state).toBe('expired')
  expect(listed.find(({ code }) => code === c.code)).toMatchObject({ state: 'unused', shopper: 'ann', expiresAt: null })
  expect(listed).toHaveLength(3)
  expect(countCodes(ledger.reader, 'spring', 60)).toEqual({ unused: 1, reserved: 0, used: 1, expired: 1 })
  expect(countCodes(ledger.reader, 'none', 60)).toEqual({ unused: 0, reserved: 0, used: 0, expired: 0 })
})

it('does in any order what a book on paper does', async () => {
  const codes = (await ledger.make({ for: 4 })).map(({ code }) => code)
  const asked = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    code: fc.constantFrom(...codes),
    discountMinor: fc.constantFrom(3, 4),
    shopper: fc.constantFrom('ann', 'bob'),
    time: fc.integer({ min: 1, max: 5 }),
  })
  const batches = fc.array(fc.array(asked, { minLength: 1, maxLength: 4 }), { maxLength: 6 })
  const limits = fc.record({
    budgetMinor: fc.constantFrom(null, 7, 10),
    uses: fc.constantFrom(null, 2),
    usesOfShopper: fc.constantFrom(null, 1),
  })
  await fc.assert(
    fc.asyncProperty(batches, limits, async (all, limit) => {
      const { tables } = ledger.ledger
      for (const table of ['movements', 'accounts', 'redemptions'] as const) await tables.deleteFrom(table).execute()
      const redemptions = new Redemptions(ledger.ledger)
      const paper: Redemption[] = []
      for (const batch of all) {
        const requests = batch.map((one) => ({ reserve: { ...one, confirm: true } }))
        const outcomes = await redemptions.perform(requests, new Map([['spring', { ...OPEN, ...limit }]]))
        expect(
          outcomes.map((each) => (each instanceof OfferwrightError ? each.code : redeemedAt(each.answer))),
        ).toEqual(batch.map((one) => onPaper(paper, one, limit)))
      }
      const minor = paper.reduce((sum, { discountMinor }) => sum + discountMinor, 0)
      expect(spent()).toEqual(paper.length === 0 ? [] : [{ campaign: 'spring', uses: paper.length, minor }])
    }),
    { seed: 3, numRuns: 150 },
  )
})

const redeemedAt = (answer: object) => ('redeemedAt' in answer ? answer.redeemedAt : answer)

function onPaper(
  paper: Redemption[],
  one: Redemption,
  limit: Pick<RedemptionTerms, 'budgetMinor' | 'uses' | 'usesOfShopper'>,
): string | number {
  const { budgetMinor, uses, usesOfShopper } = limit
  const earlier = paper.find(({ id }) => id === one.id)
  if (earlier !== undefined) {
    const same = (['code', 'discountMinor', 'shopper'] as const).every((name) => earlier[name] === one[name])
    return same ? earlier.time : 'conflict'
  }
  if (paper.some(({ code }) => code === one.code)) return 'code_used'
  if (uses !== null && paper.length >= uses) return 'limit_reached'
  if (usesOfShopper !== null && paper.filter(({ shopper }) => shopper === one.shopper).length >= usesOfShopper)
    return 'limit_reached'
  const minor = paper.reduce((sum, { discountMinor }) => sum + discountMinor, one.discountMinor)
  if (budgetMinor !== null && minor > budgetMinor) return 'budget_exhausted'
  paper.push(one)
  return one.time
}

async function codesFile(count: number): Promise<string> {
  const file = `${ledger.file}.codes`
  await writeFile(file, (await ledger.make({ for: count })).map(({ code }) => code).join('\n'))
  return file
}

it('two processes that redeem the same codes at the same time: each code counts once, and the budget holds', async () => {
  const codes = await codesFile(300)
  const args = (name: string) => [REDEEMER, ledger.file, codes, name, '1000']
  const both = await Promise.all(['a', 'b'].map((name) => run(process.execPath, args(name))))
  expect(both.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(Array(2).fill({ exitCode: 0, stderr: '' }))
  const told = both.flatMap(({ stdout }) => stdout.trim().split('\n'))
  const booked = told.filter((line) => line.startsWith('booked '))
  expect(booked).toHaveLength(200)
  expect(new Set(booked.map((line) => line.split('-')[1])).size).toBe(200)
  expect(spent()).toEqual([{ campaign: 'spring', uses: 200, minor: 1000 }])
  expect(countCodes(ledger.reader, 'spring', 1)).toEqual({ unused: 100, reserved: 0, used: 200, expired: 0 })
})

it('what was answered outlives a process that is killed, and nothing is booked by half', async () => {
  const codes = await codesFile(1500)
  const booked: string[] = []
  let killed = 0
  for (let round = 0; round < 5; round++) {
    const { child, ended } = start(process.execPath, [REDEEMER, ledger.file, codes, `r${round}`])
    let lines = 0
    child.stdout.on('data', (text: string) => {
      lines += text.split('\n').length - 1
      if (lines >= 60 * (round + 1)) child.kill('SIGKILL')
    })
    const { stdout, exitCode } = await ended
    if (exitCode === null) killed++
    booked.push(...linesOf(stdout).filter((line) => line.startsWith('booked ')))
    const used = [...listCodes(ledger.reader, 'spring', 1)].filter(({ state }) => state === 'used')
    const redemptions = new Set(used.map(({ redemption }) => redemption))
    for (const line of booked) expect(redemptions).toContain(line.slice('booked '.length))
    expect(spent()).toEqual([{ campaign: 'spring', uses: used.length, minor: 5 * used.length }])
  }
  expect(booked.length).toBeGreaterThan(100)
  expect(killed).toBeGreaterThan(0)
})

/** Whole lines alone. */
function linesOf(text: string): string[] {
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
}

it("a ledger is its owner's alone to read, and one of another format is refused", async () => {
  expect(statSync(ledger.file).mode & 0o777).toBe(0o600)
  expect(openLedgerToRead(`${ledger.file}-none`)).toBeNull()
  await sql`PRAGMA user_version = 3`.execute(ledger.ledger.tables)
  expect(() => openLedger(ledger.file)).toThrow('has format 3, this program knows 2')
  expect(() => openLedgerToRead(ledger.file)).toThrow('has format 3')
})

/** What a crash leaves beside a file that SQLite was changing, before any of its pages was changed. */
async function leaveJournal(file: string): Promise<void> {
  const journal = Buffer.alloc(512)
  Buffer.from('d9d505f920a163d7', 'hex').copy(journal)
  const pages = statSync(file).size / PAGE_BYTES
  for (const [i, word] of [0, 1, pages, journal.length, PAGE_BYTES].entries()) journal.writeUInt32BE(word, 8 + 4 * i)
  await writeFile(`${file}-journal`, journal)
}

it('a ledger that a crash left half changed is brought back by whoever reads it first', async () => {
  const [{ code }] = await ledger.make({})
  await redeem({ code, discountMinor: 5 })
  ledger.ledger.emptyLog()
  const file = `${ledger.file}.left`
  await copyFile(ledger.file, file)
  await leaveJournal(file)
  expect(spentByCodes(file)).toEqual([{ campaign: 'spring', uses: 1, minor: 5 }])
  expect(existsSync(`${file}-journal`)).toBe(false)
})
