/** `offerwright simulate`: what the published snapshot's offers are worth against the demo shop's known truth. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { formatMinor, roundMinor } from '../core/contract/money.ts'
import { LIMITS } from '../core/contract/requests.ts'
import { FADE, LOOK, type LoopOptions, type LoopResult, runClosedLoop } from '../training/simulation/closed-loop.ts'
import { readTruth, type TruthParameters } from '../training/simulation/parameters.ts'
import type { PolicyTotals } from '../training/simulation/policy-tally.ts'
import { openTruth } from '../training/simulation/truth.ts'
import { type HomeOptions, type ShopFolders, shopFolders, withHome } from './home.ts'
import { freshState } from './live-state.ts'
import { openLocal } from './local-decisions.ts'
import { wholeNumber } from './number-options.ts'
import { resolveSnapshotId } from './snapshot-id.ts'
import { type ColumnLayout, table } from './table.ts'

interface SimulateOptions extends HomeOptions, LoopOptions {
  snapshot: string
  json?: boolean
}

interface Simulated extends LoopResult {
  snapshot: string
  currency: string
}

export function simulateCommand(): Command {
  return withHome(new Command('simulate'))
    .description('run days of traffic of the demo shop against its known truth, with and without offers')
    .option('--snapshot <id>', 'snapshot to decide with', 'current')
    .option('--shoppers <n>', 'shoppers drawn from the shop', wholeNumber, 10_000)
    .option('--days <n>', 'days of traffic', wholeNumber, 14)
    .option('--visits <n>', 'visits in all, about', wholeNumber, 20_000)
    .option('--slots <n>', 'items shown a visit', wholeNumber, 10)
    .option('--seed <n>', 'equal seeds give equal results', wholeNumber, 1)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ offerwright simulate --days 30 --visits 60000 --json')
    .action(async (options: SimulateOptions) => {
      checkOptions(options)
      const simulated = await simulate(shopFolders(options), options)
      process.stdout.write(`${options.json ? JSON.stringify(simulated, null, 2) : told(simulated)}\n`)
    })
}

const MOST = { shoppers: 100_000_000, days: 3650, visits: 100_000_000, slots: LIMITS.slots }

function checkOptions(options: SimulateOptions): void {
  for (const field of ['shoppers', 'days', 'visits', 'slots'] as const)
    if (options[field] < 1 || options[field] > MOST[field])
      throw new OfferwrightError('invalid_value', `invalid ${field}: ${options[field]} (1 to ${MOST[field]})`, {
        field,
        value: options[field],
      })
}

async function simulate(folders: ShopFolders, options: SimulateOptions): Promise<Simulated> {
  const parameters = await truthOf(folders)
  const id = await resolveSnapshotId(folders.snapshots, options.snapshot)
  const { generation, file, campaigns } = await openLocal(folders, id)
  const { remainingMinor } = freshState(file)
  const result = runClosedLoop(generation, openTruth(parameters), campaigns, remainingMinor, options)
  return { snapshot: id, currency: generation.image.manifest.currency, ...result }
}

async function truthOf({ source, shop }: ShopFolders): Promise<TruthParameters> {
  const file = join(source, 'truth.json')
  if (existsSync(file)) return readTruth(file)
  throw new OfferwrightError('not_found', `shop ${shop} has no known truth: run \`offerwright demo\``, {
    field: 'truth',
    value: file,
  })
}

const COLUMNS: ColumnLayout[] = [
  { title: 'policy' },
  { title: 'orders', align: 'right' },
  { title: 'revenue', align: 'right' },
  { title: 'discounts', align: 'right' },
  { title: 'extra margin', align: 'right' },
  { title: '95 % interval', align: 'right' },
  { title: 'always-buyers offered', align: 'right' },
]

function told({ snapshot, currency, visits, shoppers, days, policies }: Simulated): string {
  const amount = (minor: number) => formatMinor(roundMinor(minor), currency)
  const best = bestFixed(policies)
  const rows = policies.map((totals, position) => [
    totals === best ? `${totals.policy} *` : totals.policy,
    totals.orders.toLocaleString('en'),
    amount(totals.revenueMinor),
    amount(totals.discountMinor),
    position === 0 ? '' : amount(totals.incrementalMarginMinor),
    position === 0 ? '' : totals.incrementalMargin95.map(amount).join(' to '),
    `${(100 * totals.offeredShare.always_buyer).toFixed(1)} %`,
  ])
  return [
    `${visits.toLocaleString('en')} visits by ${shoppers.toLocaleString('en')} shoppers in ${days} days, ${currency}, snapshot ${snapshot.slice(0, 12)}`,
    '',
    ...table(COLUMNS, rows),
    '',
    'extra margin: by the true costs, against none, with the same visits, items shown and luck',
    ...(best ? ['* the best fixed discount for everyone, which is known only afterwards'] : []),
    `assumed: a shopper looks at slot s with probability ${LOOK} x ${FADE}^s and buys as truth.json says`,
    'left out: basket offers, purchases elsewhere, what a purchase changes later, stock running out',
    'ours includes the hold-out, which is offered nothing',
  ].join('\n')
}

/** Undefined where no campaign has a percentage. */
function bestFixed(policies: PolicyTotals[]): PolicyTotals | undefined {
  return policies.slice(1, -1).toSorted((a, b) => b.marginMinor - a.marginMinor)[0]
}
