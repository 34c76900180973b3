/** A process that redeems the codes of a file one by one, and says which redemptions are booked. */
import { readFileSync } from 'node:fs'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import { Redemptions } from '../../core/store/ledger/redemptions.ts'
import { OPEN } from '../support/ledger.ts'

const [ledger, codesFile, name, budget] = process.argv.slice(2)
const redemptions = new Redemptions(openLedger(ledger))
const terms = new Map([['spring', { ...OPEN, budgetMinor: budget === undefined ? null : Number(budget) }]])
const codes = readFileSync(codesFile, 'utf8').split('\n')
for (const [i, code] of codes.entries()) {
  const reserve = { id: `${name}-${i}`, code, discountMinor: 5, time: 1, confirm: true }
  const [outcome] = await redemptions.perform([{ reserve }], terms)
  process.stdout.write(`${outcome instanceof OfferwrightError ? outcome.code : 'booked'} ${name}-${i}\n`)
}
