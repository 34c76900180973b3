/** `offerwright evaluate demand`: what a table of sales and prices says of demand, and how well that forecasts. */
import { Command, InvalidArgumentError } from 'commander'
import { type DemandResult, evaluateDemand, type ForecastName } from '../training/demand/evaluate.ts'
import type { Coefficient } from '../training/demand/ols.ts'
import { decimal, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'
import { table } from './table.ts'

interface DemandCommandOptions {
  data: string
  units: string
  price: string
  logUnits?: boolean
  logPrice?: boolean
  group: string[]
  series: string[]
  controls: string[]
  interact: string[]
  competitors: string[]
  period?: string
  season?: number
  stock?: string
  holdout: number
  seed: number
  json?: boolean
}

export function demandCommand(): Command {
  return new Command('demand')
    .description('own-price elasticities by group, plain and shrunk, and how well they forecast a later time')
    .requiredOption('--data <file>', 'CSV file with a header, one row a product and period; .gz too')
    .requiredOption('--units <column>', 'units sold; the model takes their logarithm')
    .requiredOption('--price <column>', "unit price; {group} in the name stands for the group's value")
    .option('--log-units', 'the units column holds natural logarithms already', false)
    .option('--log-price', 'the price column, and those of competitors, hold natural logarithms already', false)
    .requiredOption('--group <columns>', 'an elasticity for each of their combinations', names)
    .option('--series <columns>', 'what tells the series of a group apart, a store for one', names, [])
    .option('--controls <columns>', 'additive columns; texts become dummies', names, [])
    .option('--interact <columns>', 'columns fully interacted with group and price, a feature flag for one', names, [])
    .option('--competitors <columns>', "prices of other products; a row's own price column does not count", names, [])
    .option('--period <column>', 'order of time, numbers or sortable texts; default: order of the rows')
    .option('--season <periods>', 'periods of a season, 52 for weeks of a year', positive)
    .option('--stock <column>', 'stock; a period without any says nothing of demand and is set aside')
    .option('--holdout <share>', 'last share of the time, forecast and not learned from', share, 0.2)
    .option('--seed <n>', 'seed of the intervals', wholeNumber, 1)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright evaluate demand --data brands.csv.gz --units sales --price price --group brand --json',
    )
    .action(async (options: DemandCommandOptions) => {
      const { data, holdout, season, period, stock, seed, json, ...columns } = options
      const progress = progressView()
      const result = await evaluateDemand({
        data,
        columns: {
          ...columns,
          logUnits: options.logUnits === true,
          logPrice: options.logPrice === true,
          period: period ?? null,
          stock: stock ?? null,
        },
        holdout,
        cycle: season ?? null,
        seed,
        onProgress: progress.show,
      }).finally(progress.end)
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : text(result)}\n`)
    })
}

function names(list: string): string[] {
  const columns = list.split(',').map((name) => name.trim())
  if (columns.includes('')) throw new InvalidArgumentError('Names of columns, separated by commas.')
  return columns
}

function share(value: string): number {
  const number = decimal(value)
  if (number <= 0 || number >= 1) throw new InvalidArgumentError('A share between 0 and 1.')
  return number
}

function text(result: DemandResult): string {
  const { rows, setAside, groups, series, ols, shrunk } = result
  const aside = Object.entries(setAside).map(([reason, count]) => `, ${count} set aside: ${reason}`)
  return [
    `${rows} rows${aside.join('')}; ${groups} groups, ${series} series`,
    `plain least squares: R² ${ols.rSquared.toFixed(4)}, ${ols.coefficients} coefficients, residual s.e. ${ols.residualSe.toFixed(4)}`,
    ...table(
      [
        { title: 'group', maxWidth: 32 },
        ...['rows', 'elasticity', 's.e.', 'shrunk', 's.e.'].map((title) => ({ title, align: 'right' as const })),
      ],
      ols.groups.map(({ group, rows: own, elasticity }, g) => [
        group,
        String(own),
        ...figures(elasticity),
        ...figures(shrunk.groups[g]),
      ]),
    ),
    ...ols.groups.flatMap(({ group, interactions }) =>
      interactions.map((coefficient) => `  ${group} × ${coefficient.name}: ${figures(coefficient).join(' s.e. ')}`),
    ),
    ...ols.controls.map((coefficient) => `  ${coefficient.name}: ${figures(coefficient).join(' s.e. ')}`),
    ...forecastLines(result),
  ].join('\n')
}

function figures({ value, se }: Coefficient): string[] {
  return [value, se].map((number) => (number === null ? 'not told' : number.toFixed(4)))
}

const TITLES: Record<ForecastName, string> = {
  ours: 'hierarchical model',
  ols: 'plain least squares',
  lastPrice: 'last units at the nearest price',
  lastValue: 'last units',
}

function forecastLines({ ordered, outOfTime }: DemandResult): string[] {
  const { from, learnedRows, forecastRows, chosen, olsForecast, wape, bias, gainOver } = outOfTime
  const { curve, depth, lag, trend, harmonics } = chosen.shape
  const terms = [
    curve ? 'curve of price' : '',
    depth ? 'depth of a discount' : '',
    lag > 0 ? `discounts of ${lag} periods before` : '',
    trend ? 'trend' : '',
    harmonics > 0 ? `${harmonics} waves of season` : '',
    chosen.forecast.halfLife > 0 ? `drift with half-life ${chosen.forecast.halfLife} of the time` : '',
  ].filter((term) => term !== '')
  return [
    `out of time, ${ordered}: ${forecastRows} rows from ${from} on, learned from ${learnedRows} before`,
    `chosen on earlier parts of that time: ${terms.join(', ') || 'nothing more'}; ${chosen.forecast.retransformation} (least squares: ${olsForecast.retransformation})`,
    ...table(
      [
        { title: 'forecast' },
        ...['WAPE', 'bias', 'ours better by'].map((title) => ({ title, align: 'right' as const })),
        { title: '95 %' },
      ],
      (Object.keys(TITLES) as ForecastName[]).map((name) => {
        const gain = name === 'ours' ? null : gainOver[name]
        return [
          TITLES[name],
          wape[name].toFixed(4),
          bias[name].toFixed(4),
          gain === null ? '' : gain.wape.toFixed(4),
          gain === null ? '' : `${gain.interval[0].toFixed(4)} to ${gain.interval[1].toFixed(4)}`,
        ]
      }),
    ),
  ]
}
