/** `offerwright ledger …`: whether the books of budgets and codes are right, and what lies where. */
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { type LedgerReader, openLedgerToRead } from '../core/store/ledger/database.ts'
import { balancesOf, CHECKS, type Verified, verifyLedger } from '../core/store/ledger/verify.ts'
import { EXIT } from './faults.ts'
import { type HomeOptions, shopFolders, withHome, withLedger } from './home.ts'
import { table } from './table.ts'

interface LedgerOptions extends HomeOptions {
  json?: boolean
}

export function ledgerCommand(): Command {
  return new Command('ledger')
    .description('what is kept of budgets, limits and codes in double entry')
    .addCommand(
      leaf('verify', 'prove that every balance is the sum of its movements, and tell those that are not').action(
        verify,
      ),
    )
    .addCommand(leaf('balances', 'what lies on every account').action(balances))
}

function leaf(name: string, summary: string): Command {
  return withLedger(withHome(new Command(name).description(summary)))
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  $ offerwright ledger ${name}`)
}

/** Exit code 2 where something does not agree. */
function verify(options: LedgerOptions): void {
  const verified = read(options, verifyLedger)
  process.stdout.write(options.json ? `${JSON.stringify(verified)}\n` : `${report(verified).join('\n')}\n`)
  if (verified.discrepancies.length > 0) process.exitCode = EXIT.refused
}

function report({ accounts, movements, redemptions, uncoveredMinor, discrepancies }: Verified): string[] {
  const uncovered = uncoveredMinor === 0 ? '' : `, ${uncoveredMinor} minor units of purchases that no budget covered`
  const read = `${accounts} accounts, ${movements} movements, ${redemptions} redemptions${uncovered}`
  if (discrepancies.length === 0) return [`${read}: all agree (${CHECKS.join(', ')})`]
  const columns = [
    { title: 'check' },
    { title: 'of', maxWidth: 80 },
    { title: 'expected', align: 'right' as const },
    { title: 'found', align: 'right' as const },
  ]
  const rows = discrepancies.map(({ check, of, expected, found }) => [check, of, String(expected), String(found)])
  return [`${read}: ${discrepancies.length} do not agree`, ...table(columns, rows)]
}

function balances(options: LedgerOptions): void {
  const rows = read(options, balancesOf)
  const columns = [
    { title: 'campaign' },
    { title: 'of' },
    { title: 'place' },
    { title: 'server', maxWidth: 60 },
    { title: 'balance', align: 'right' as const },
  ]
  const cells = rows.map(({ campaign, slot, place, holder, balance }) => [
    campaign,
    slot,
    place,
    holder,
    String(balance),
  ])
  process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : `${table(columns, cells).join('\n')}\n`)
}

function read<T>(options: LedgerOptions, look: (ledger: LedgerReader) => T): T {
  const file = shopFolders(options).ledger
  const ledger = openLedgerToRead(file)
  if (ledger === null) throw new OfferwrightError('not_found', `no ledger ${file}`, { field: 'ledger', value: file })
  try {
    return look(ledger)
  } finally {
    ledger.close()
  }
}
