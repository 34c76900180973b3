import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLedger, openLedgerToRead } from '../../core/store/ledger/database.ts'
import { listCodes } from '../../core/store/ledger/listing.ts'
import { readSecret } from '../../core/store/ledger/personal.ts'
import { Redemptions } from '../../core/store/ledger/redemptions.ts'
import { spentByCodes, subjectsOf } from '../../core/store/ledger/spending.ts'
import { balancesOf, verifyLedger } from '../../core/store/ledger/verify.ts'
import { OPEN } from '../support/ledger.ts'

const FIXTURE = fileURLToPath(new URL('../../../test/compat/format-ledger-1/ledger.sqlite', import.meta.url))

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-'))
  file = join(folder, 'ledger.sqlite')
  await copyFile(FIXTURE, file)
})
afterEach(() => rm(folder, { recursive: true }))

test('a ledger of format 1, as it was first written, opens with its codes and redemptions, each with its movements', () => {
  expect(spentByCodes(file)).toEqual([
    { campaign: 'autumn', uses: 1, minor: 75 },
    { campaign: 'spring', uses: 2, minor: 250 },
  ])
  expect(readSecret(file)).toEqual(Buffer.alloc(32))
  expect(subjectsOf(file, 'spring')).toEqual([
    { subject: 'shopper:ann', redeemedAt: 2000 },
    { subject: 'session:s', redeemedAt: 3000 },
  ])
  const reader = openLedgerToRead(file)
  if (reader === null) throw new Error('not read')
  const codes = [...listCodes(reader, 'spring', 0)].map(({ code, state, redemption }) => [code, state, redemption])
  expect(codes).toEqual([
    ['HI-5C8EJDHJU9MG', 'used', 'order-1'],
    ['HI-BX2DTTC73EDD', 'unused', null],
    ['HI-DDEZZ55RSHCV', 'used', 'order-2'],
  ])
  expect(verifyLedger(reader)).toEqual({ accounts: 8, movements: 5, redemptions: 3, uncoveredMinor: 0, discrepancies: [] })
  expect(balancesOf(reader)).toContainEqual({ campaign: 'spring', slot: 'minor', place: 'issued', holder: '', balance: -250 })
  reader.close()
})

test('it goes on where it stopped: what was redeemed is answered the same, and counts under the limits', async () => {
  const ledger = openLedger(file)
  const redemptions = new Redemptions(ledger)
  const terms = new Map([['spring', { ...OPEN, budgetMinor: 300 }]])
  const old = { id: 'order-1', code: 'HI-5C8EJDHJU9MG', discountMinor: 250, shopper: 'ann', order: '1', confirm: true }
  const spare = { code: 'HI-BX2DTTC73EDD', time: 9, confirm: true }
  const outcomes = await redemptions.perform(
    [
      { reserve: { ...old, time: 9 } },
      { reserve: { ...spare, id: 'order-4', discountMinor: 51 } },
      { reserve: { ...spare, id: 'order-5', discountMinor: 50 } },
      { reverse: { redemption: 'order-1', id: 'refund', amountMinor: 100, time: 10 } },
    ],
    terms,
  )
  expect(outcomes[0]).toMatchObject({ answer: { id: 'order-1', redeemedAt: 2000, state: 'confirmed' } })
  expect(outcomes[1]).toMatchObject({ code: 'budget_exhausted', value: 51 })
  expect(outcomes[2]).toMatchObject({ spent: { uses: 3, minor: 300 } })
  expect(outcomes[3]).toMatchObject({ answer: { leftMinor: 150 }, spent: { uses: 3, minor: 200 } })
  ledger.close()
})
