/** `offerwright simulate`: what policies of giving offers are worth in shops whose truth is known. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { formatMinor, roundMinor } from '../core/contract/money.ts'
import { type LoopReport, type PolicyReport, reportOf } from '../training/simulation/loop/report.ts'
import { DEFAULT_SCENARIO, type Scenario } from '../training/simulation/loop/scenario.ts'
import { POLICIES, type SeedResult, simulateSeed } from '../training/simulation/loop/seed.ts'
import { decimal, listLength, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'
import { type ColumnLayout, table } from './table.ts'

interface SimulateOptions extends Scenario {
  policy?: string[]
  seeds: number
  seed: number
  json?: boolean
}

const STEPS_OF_SEED = 5

export function simulateCommand(): Command {
  const { shoppers, items, events, learningDays, days, visitsPerDay, slots } = DEFAULT_SCENARIO
  const { budgetShare, explorationFloor, hiddenResponse } = DEFAULT_SCENARIO
  return new Command('simulate')
    .description('play offers in shops whose truth is known: explore, learn from the log, then measure every policy')
    .option('--policy <names...>', `tell only of these: ${POLICIES.join(', ')}`)
    .option('--seeds <n>', 'shops, each with a truth of its own', positive, 5)
    .option('--seed <n>', 'seed of the first; equal seeds give equal results', wholeNumber, 1)
    .option('--days <n>', 'days in which policies are measured', positive, days)
    .option('--learning-days <n>', 'days before in which offers are explored', positive, learningDays)
    .option('--shoppers <n>', 'shoppers of a shop', positive, shoppers)
    .option('--visits-per-day <n>', 'visits of all shoppers a day, about', positive, visitsPerDay)
    .option('--items <n>', 'items of a shop', positive, items)
    .option('--events <n>', 'rows of the year before, from which the shop is trained', positive, events)
    .option('--slots <n>', 'items shown a visit', listLength, slots)
    .option('--budget-share <share>', 'budgets, of what the informed policy would spend without', decimal, budgetShare)
    .option('--exploration-floor <p>', 'of each action while policies are measured; of ours', decimal, explorationFloor)
    .option('--hidden-response <share>', 'share of the response that no shop can see', decimal, hiddenResponse)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ offerwright simulate --seeds 20 --policy ours informed --json')
    .action(async (options: SimulateOptions) => {
      checkOptions(options)
      const report = await simulate(options)
      const told = {
        ...report,
        policies: report.policies.filter(({ policy }) => options.policy?.includes(policy) ?? true),
      }
      process.stdout.write(`${options.json ? JSON.stringify(told, null, 2) : text(told, options)}\n`)
    })
}

function checkOptions({ policy, budgetShare, explorationFloor, hiddenResponse }: SimulateOptions): void {
  for (const name of policy ?? [])
    if (!POLICIES.some((known) => known === name)) throw invalid('policy', name, POLICIES.join(', '))
  if (budgetShare <= 0 || budgetShare > 1) throw invalid('budget-share', budgetShare, 'above 0, at most 1')
  if (explorationFloor > 0.05) throw invalid('exploration-floor', explorationFloor, '0 to 0.05')
  if (hiddenResponse > 1) throw invalid('hidden-response', hiddenResponse, '0 to 1')
}

function invalid(field: string, value: string | number, range: string): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field}: ${value} (${range})`, { field, value })
}

async function simulate(options: SimulateOptions): Promise<LoopReport> {
  const progress = progressView()
  const results: SeedResult[] = []
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    const folder = await mkdtemp(join(tmpdir(), 'offerwright-simulate-'))
    let done = STEPS_OF_SEED * results.length
    try {
      const onStep = (message: string) =>
        progress.show({ stage: `seed ${seed}`, done: done++, total: STEPS_OF_SEED * options.seeds, message })
      results.push(await simulateSeed(folder, options, seed, onStep))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  progress.end()
  return reportOf(results)
}

const COLUMNS: ColumnLayout[] = [
  { title: 'policy' },
  { title: 'extra margin', align: 'right' },
  { title: '95 % interval', align: 'right' },
  { title: 'of informed', align: 'right' },
  { title: 'of all shoppers', align: 'right' },
  { title: 'spent', align: 'right' },
  { title: 'orders', align: 'right' },
  { title: 'units', align: 'right' },
  { title: 'always-buyers offered', align: 'right' },
  { title: 'off, least to most of a tier', align: 'right' },
]

function text(
  report: LoopReport,
  { days, learningDays, budgetShare, explorationFloor, hiddenResponse }: SimulateOptions,
): string {
  const { seeds, currency, visits, policies, overBestFixedMinor, exploringCostMinor, exploringCostShare } = report
  const amount = (minor: number) => formatMinor(roundMinor(minor), currency)
  return [
    `${seeds.length} shops, ${visits.toLocaleString('en')} visits in ${days} days after ${learningDays} days of exploring, ${currency} a shop`,
    '',
    ...table(
      COLUMNS,
      policies.map((policy) => row(policy, amount)),
    ),
    '',
    `ours beyond the best fixed discount: ${amount(overBestFixedMinor.mean)} (${overBestFixedMinor.interval.map(amount).join(' to ')})`,
    `exploring cost ${amount(exploringCostMinor.mean)} a shop, ${percent(exploringCostShare)} of the margin of giving nothing`,
    `budgets exceeded: ${report.overspent}`,
    `explored while measured, each action of ours with: ${percent(explorationFloor)}`,
    'extra margin: expected under the truth by true costs, against none, of shoppers outside the hold-out',
    'informed: knows the true response as far as a shop can see it, and reads tastes from the same scorer',
    'tastes known: knows tastes too; clairvoyant: knows every shopper’s nature; informed for all: without a hold-out',
    `budgets: ${percent(budgetShare)} of what the informed policy spends without; hidden in the response: ${percent(hiddenResponse)}`,
  ].join('\n')
}

function row(
  {
    policy,
    extraMarginMinor,
    ofInformed,
    extraMarginOfAllMinor,
    spentMinor,
    orders,
    units,
    offeredByType,
    takenOffByTier,
  }: PolicyReport,
  amount: (minor: number) => string,
): string[] {
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  return [
    policy,
    amount(extraMarginMinor.mean),
    extraMarginMinor.interval.map(amount).join(' to '),
    `${percent(ofInformed.mean)} (${ofInformed.interval.map(percent).join(' to ')})`,
    amount(extraMarginOfAllMinor.mean),
    amount(spentMinor),
    whole(orders),
    whole(units),
    percent(offeredByType.always_buyer),
    `${percent(Math.min(...takenOffByTier))} to ${percent(Math.max(...takenOffByTier))}`,
  ]
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
