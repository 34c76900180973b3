/**
 * How near does spending by dual prices come to the best that could have been done? Parity of our solvers with HiGHS; a week
 * with one budget, one with sixteen coupled constraints and one with a return floor, served under drift; and a day through the
 * product's ledger.
 */
import { table } from '../../cli/table.ts'
import { bootstrapMeans, type Interval } from '../../core/evaluation/bootstrap.ts'
import { type DayOutcome, type DayResult, servedDay } from './day.ts'
import { type FloorOutcome, type FloorResult, servedFloorWeek } from './floors.ts'
import { compareWithHighs, type Parity } from './parity.ts'
import { BUDGET_SHARE, COUPLED, type DRIFTS, ONE_BUDGET, type PeriodResult, servedWeek } from './periods.ts'
import type { ShopShape } from './shop.ts'

export interface AllocateOptions {
  /** Of a week with one budget; with coupled constraints half as many. */
  requests: number
  /** Of a program that HiGHS solves too; 0 leaves it out. */
  parity: number
  seeds: number
  /** First seed. */
  seed: number
}

interface Measured {
  mean: number
  /** 95 % over seeds. */
  interval: Interval
  least: number
}

interface Week {
  name: string
  requests: number
  fixed: Measured
  paced: Measured
  unplanned: Measured
  usedShare: Measured
  over: number
}

interface Floor {
  name: string
  requests: number
  price: keyof FloorResult
  value: Measured
  kept: Measured
}

interface Day {
  validMinutes: number
  name: keyof DayResult
  spentShare: Measured
  /** The largest of a day, in the mean over days. */
  unevenness: Measured
  overTicks: number
}

export interface AllocateReport {
  bench: 'allocate'
  seeds: number
  parity: Parity[]
  weeks: Week[]
  floors: Floor[]
  days: Day[]
}

const WEEKS: { name: string; drift: keyof typeof DRIFTS; isCoupled: boolean }[] = [
  { name: 'one budget, demand ±30 %', drift: 'demand', isCoupled: false },
  { name: 'one budget, demand and traffic ±30 %', drift: 'both', isCoupled: false },
  { name: '16 constraints, demand ±30 %', drift: 'demand', isCoupled: true },
]
/** Programs that HiGHS solves too. A floor of 3: about half as much again as offers bring without prices. */
const PROGRAMS: { shape: Omit<ShopShape, 'requests'>; floor: number | null }[] = [
  { shape: ONE_BUDGET, floor: null },
  { shape: COUPLED, floor: null },
  { shape: COUPLED, floor: 3 },
]
const FLOORS: { name: string; drift: keyof typeof DRIFTS }[] = [
  { name: 'demand ±30 %', drift: 'demand' },
  { name: 'demand and traffic ±30 %', drift: 'both' },
]
const NAMES: Record<keyof FloorResult, string> = {
  paced: 'planned and paced',
  fixed: 'planned, fixed',
  unplanned: 'paced from 0',
  free: 'no price',
}
const VALID_MINUTES = [1, 10, 60]
const MINUTE_MS = 60_000

export async function benchAllocate(options: AllocateOptions, say: (line: string) => void): Promise<AllocateReport> {
  const { requests, parity, seeds, seed } = options
  const report: AllocateReport = { bench: 'allocate', seeds, parity: [], weeks: [], floors: [], days: [] }
  for (const { shape, floor } of parity === 0 ? [] : PROGRAMS) {
    say(`HiGHS: ${parity} requests, budgets ${shape.budgets}, stocks ${shape.stocks}, floor ${floor ?? 'none'}`)
    report.parity.push(await compareWithHighs({ ...shape, requests: parity }, BUDGET_SHARE, floor, seed))
  }
  for (const { name, drift, isCoupled } of WEEKS) {
    const shape = isCoupled ? { ...COUPLED, requests: Math.ceil(requests / 2) } : { ...ONE_BUDGET, requests }
    const runs = Array.from({ length: seeds }, (_, run) => {
      say(`${name}: week ${run + 1} of ${seeds}`)
      return servedWeek(shape, drift, seed + run)
    })
    report.weeks.push(weekOf(name, shape.requests, runs, seed))
  }
  for (const { name, drift } of FLOORS) {
    const runs = Array.from({ length: seeds }, (_, run) => {
      say(`return floor, ${name}: week ${run + 1} of ${seeds}`)
      return servedFloorWeek(requests, drift, seed + run)
    })
    report.floors.push(...floorsOf(name, requests, runs, seed))
  }
  for (const validMinutes of VALID_MINUTES) {
    say(`days, offers hold for ${validMinutes} minutes`)
    const runs = Array.from({ length: seeds }, (_, run) =>
      servedDay(run % 2 === 0 ? 0.3 : -0.3, validMinutes * MINUTE_MS, seed + run),
    )
    report.days.push(...daysOf(validMinutes, runs, seed))
  }
  return report
}

function weekOf(name: string, requests: number, runs: PeriodResult[], seed: number): Week {
  const of = (part: 'fixed' | 'paced' | 'unplanned' | 'usedShare') =>
    measured(
      runs.map((run) => run[part]),
      seed,
    )
  return {
    name,
    requests,
    fixed: of('fixed'),
    paced: of('paced'),
    unplanned: of('unplanned'),
    usedShare: of('usedShare'),
    over: runs.reduce((sum, { over }) => sum + over, 0),
  }
}

function floorsOf(name: string, requests: number, runs: FloorResult[], seed: number): Floor[] {
  return (['paced', 'fixed', 'unplanned', 'free'] as const).map((price) => {
    const of = (part: keyof FloorOutcome) =>
      measured(
        runs.map((run) => run[price][part]),
        seed,
      )
    return { name, requests, price, value: of('value'), kept: of('kept') }
  })
}

function daysOf(validMinutes: number, runs: DayResult[], seed: number): Day[] {
  return (['paced', 'fixed', 'unplanned'] as const).map((name) => {
    const of = (part: keyof DayOutcome) => runs.map((run) => run[name][part])
    return {
      validMinutes,
      name,
      spentShare: measured(of('spentShare'), seed),
      unevenness: measured(of('unevenness'), seed),
      overTicks: of('overTicks').reduce((sum, ticks) => sum + ticks, 0),
    }
  })
}

function measured(values: number[], seed: number): Measured {
  const [interval] = bootstrapMeans([Float64Array.from(values)], seed)
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, interval, least: Math.min(...values) }
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`
const withInterval = ({ mean, interval }: Measured) => `${percent(mean)} (${interval.map(percent).join(' to ')})`

export function renderAllocate({ seeds, parity, weeks, floors, days }: AllocateReport): string {
  const right = (title: string) => ({ title, align: 'right' as const })
  return [
    ...parity.map(
      ({ requests, constraints, actions, objectiveGap, priceGap, ourMs, highsMs }) =>
        `HiGHS, ${requests} requests of ${actions} actions, ${constraints === 1 ? 'one constraint' : `${constraints} constraints`}: objective differs by ${objectiveGap.toExponential(1)}, prices by ${priceGap.toExponential(1)}; ours ${ourMs.toFixed(0)} ms, HiGHS ${highsMs.toFixed(0)} ms`,
    ),
    '',
    `Share of the linear program's optimum, mean of ${seeds} seeds (95 %); over: resources of which too much was used`,
    ...table(
      [
        { title: 'week' },
        right('requests'),
        right('planned and paced'),
        right('least'),
        right('planned, fixed'),
        right('paced from 0'),
        right('used'),
        right('over'),
      ],
      weeks.map(({ name, requests, paced, fixed, unplanned, usedShare, over }) => [
        name,
        String(requests),
        withInterval(paced),
        percent(paced.least),
        percent(fixed.mean),
        percent(unplanned.mean),
        percent(usedShare.mean),
        String(over),
      ]),
    ),
    '',
    'A campaign that owes half as much again for what it takes off as it would return without prices; value in shares of the optimum',
    'within the floor, return in shares of the floor',
    ...table(
      [
        { title: 'week' },
        right('requests'),
        { title: 'price' },
        right('value'),
        right('return'),
        right('least return'),
      ],
      floors.map(({ name, requests, price, value, kept }) => [
        name,
        String(requests),
        NAMES[price],
        withInterval(value),
        withInterval(kept),
        percent(kept.least),
      ]),
    ),
    '',
    'A day with 30 % more or fewer requests than forecast and a swing of 30 % within it, through the ledger',
    ...table(
      [
        right('offers hold, min'),
        { title: 'price' },
        right('spent of the budget'),
        right('least'),
        right('furthest from plan'),
        right('ticks over budget'),
      ],
      days.map(({ validMinutes, name, spentShare, unevenness, overTicks }) => [
        String(validMinutes),
        NAMES[name],
        withInterval(spentShare),
        percent(spentShare.least),
        percent(unevenness.mean),
        String(overTicks),
      ]),
    ),
  ].join('\n')
}
