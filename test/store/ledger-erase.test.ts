import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { eraseFromLedger } from '../../core/store/ledger/erase.ts'
import { Redemptions } from '../../core/store/ledger/redemptions.ts'
import { spentByCodes } from '../../core/store/ledger/spending.ts'
import { OPEN, type TestLedger, testLedger } from '../support/ledger.ts'

const KEY = 'somebody-who-goes'
const OTHER = 'somebody-who-stays'

let own: TestLedger
let folder: string
let erasures: Erasures
beforeEach(async () => {
  own = await testLedger()
  folder = await mkdtemp(join(tmpdir(), 'offerwright-erasures-'))
  erasures = Erasures.read(folder)
})
afterEach(async () => {
  await own.remove()
  await rm(folder, { recursive: true })
})

async function redeem(shopper: string, time: number): Promise<void> {
  const [{ code }] = await own.make({})
  const asked = { id: `r-${time}`, code, campaign: 'spring', shopper, discountMinor: 100, time, confirm: true }
  const terms = new Map([['spring', OPEN]])
  const [told] = await new Redemptions(own.ledger).perform([{ reserve: asked }], terms, () => undefined)
  expect(told).not.toBeInstanceOf(Error)
}

async function bytesHold(text: string): Promise<boolean> {
  const beside = dirname(own.file)
  const files = await Promise.all((await readdir(beside)).map((name) => readFile(join(beside, name))))
  return files.some((bytes) => bytes.includes(text))
}

test('an erased shopper is in no byte of the ledger, and what they redeemed stays booked', async () => {
  await redeem(KEY, 100)
  await redeem(OTHER, 110)
  await own.make({ for: [KEY, OTHER] })
  expect([await bytesHold(KEY), await bytesHold(OTHER)]).toEqual([true, true])
  expect(await eraseFromLedger(own.file, erasures)).toBe(0)
  erasures.add(KEY, 1000)
  const before = spentByCodes(own.file)
  expect(await eraseFromLedger(own.file, erasures)).toBe(2)
  expect([await bytesHold(KEY), await bytesHold(OTHER)]).toEqual([false, true])
  expect(spentByCodes(own.file)).toEqual(before)
  expect(await eraseFromLedger(own.file, erasures)).toBe(0)
})

test('what somebody redeems after the erasure stays theirs', async () => {
  erasures.add(KEY, 99)
  await redeem(KEY, 100)
  expect(await eraseFromLedger(own.file, erasures)).toBe(0)
  expect(await eraseFromLedger(join(folder, 'no.sqlite'), erasures)).toBe(0)
})
