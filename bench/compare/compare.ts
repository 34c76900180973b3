/**
 * A change and its base. Two built checkouts: both servers run at once on the same shop and take the same load in turn, in pairs
 * of rounds whose order alternates (A B, B A, …), so that whatever else the machine does meets both. Each side's own scorer says
 * which of its answers are right. Two files of JSON lines: rounds that were measured before, paired by line.
 */
import { statSync } from 'node:fs'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type Checkout, checkoutAt } from '../http/checkout.ts'
import { Generator } from '../http/generator.ts'
import { OPEN_SHARE, openShape } from '../http/http.ts'
import { isVoid } from '../http/http-report.ts'
import { measure, type Round } from '../http/measure.ts'
import { type Served, type ServedOptions, serve } from '../http/served.ts'
import { type Difference, differences, differenceTable, type RoundFigures } from './paired.ts'
import { roundsIn } from './round-files.ts'

export interface CompareBench extends ServedOptions {
  connections: number
  perSecond?: number
  seconds: number
  rounds: number
}

export interface CompareReport {
  bench: 'compare'
  a: string
  b: string
  rounds: number
  /** Open loops that sent less than 95 % of the arrivals in time. */
  voidRounds: number
  /** Of the distinct requests, those that A and B answer otherwise; null: files do not tell. */
  answeredOtherwise: number | null
  differences: Difference[]
}

const LEAST_ROUNDS = 5
const COMPARE_EVERY = 16

export async function benchCompare(
  [a, b]: [string, string],
  options: CompareBench,
  say: (line: string) => void,
): Promise<CompareReport> {
  if (isFile(a) && isFile(b)) return reportOf(a, b, [await roundsIn(a), await roundsIn(b)], options.seed, 0, null)
  // Before the load, not after it.
  expectRounds(options.rounds, options.rounds)
  const checkouts = [await checkoutAt(a), await checkoutAt(b)]
  const sides = [await side(checkouts[0], options, say), await side(checkouts[1], options, say)]
  try {
    const rounds = await pairedRounds(sides, options, say)
    const otherwise = sides[0].served.requests.expected.filter(
      ([text], i) => text !== sides[1].served.requests.expected[i][0],
    ).length
    const voids = rounds.flat().filter(({ open }) => isVoid(open)).length
    const figures = rounds.map((ofSide) => ofSide.map(figuresOf))
    return reportOf(a, b, [figures[0], figures[1]], options.seed, voids, otherwise)
  } finally {
    await Promise.all(sides.flatMap(({ generator, served }) => [generator.stop(), served.stop()]))
  }
}

interface Side {
  served: Served
  /** One each: it keeps the requests and their answers. */
  generator: Generator
}

interface SideRound {
  closed: Round
  open: Round
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

async function side(checkout: Checkout, options: CompareBench, say: (line: string) => void): Promise<Side> {
  return { served: await serve(options, say, checkout), generator: new Generator() }
}

async function pairedRounds(sides: Side[], options: CompareBench, say: (line: string) => void): Promise<SideRound[][]> {
  const { connections, seconds } = options
  const closed = { connections, seconds, compareEvery: COMPARE_EVERY }
  say('warming up')
  const reached: number[] = []
  for (const { served, generator } of [...sides, ...sides])
    reached.push((await measure(served.server, generator, served.requests, closed)).requestsPerSecond)
  const perSecond = options.perSecond ?? OPEN_SHARE * Math.min(...reached.slice(sides.length))
  const rounds: SideRound[][] = sides.map(() => [])
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`)
    for (const s of round % 2 === 1 ? [0, 1] : [1, 0]) {
      const { served, generator } = sides[s]
      rounds[s].push({
        closed: await measure(served.server, generator, served.requests, closed),
        open: await measure(served.server, generator, served.requests, openShape(perSecond, seconds, round)),
      })
    }
  }
  refuseWrong(rounds.flat())
  return rounds
}

function refuseWrong(rounds: SideRound[]): void {
  const wrong = rounds.reduce((sum, { closed, open }) => sum + closed.wrong + open.wrong, 0)
  if (wrong > 0) throw new Error(`${wrong} compared answers are wrong: no figures`)
}

function figuresOf({ closed, open }: SideRound): RoundFigures {
  const { cpuMicrosPerRequest, requestsPerSecond } = closed
  const { p50Ms, p90Ms, p99Ms, p999Ms } = open
  return { cpuMicrosPerRequest, requestsPerSecond, p50Ms, p90Ms, p99Ms, p999Ms }
}

function reportOf(
  a: string,
  b: string,
  [ofA, ofB]: [RoundFigures[], RoundFigures[]],
  seed: number,
  voidRounds: number,
  answeredOtherwise: number | null,
): CompareReport {
  expectRounds(ofA.length, ofB.length)
  return {
    bench: 'compare',
    a,
    b,
    rounds: ofA.length,
    voidRounds,
    answeredOtherwise,
    differences: differences(ofA, ofB, seed),
  }
}

export function renderCompare(report: CompareReport): string {
  return [
    `compare: A ${report.a}, B ${report.b}, ${report.rounds} paired rounds`,
    ...differenceTable(report.differences),
    ...(report.answeredOtherwise === null
      ? []
      : [`${report.answeredOtherwise} of the distinct requests are answered otherwise`]),
    ...(report.voidRounds > 0
      ? [`VOID: ${report.voidRounds} open loops sent less than 95 % of the arrivals in time`]
      : []),
    'A difference is shown when the interval of its ratio leaves out 1; of six figures about one in four runs shows one by chance.',
  ].join('\n')
}

function expectRounds(ofA: number, ofB: number): void {
  if (ofA === ofB && ofA >= LEAST_ROUNDS) return
  const message = `${ofA} rounds of A, ${ofB} of B: as many of each, at least ${LEAST_ROUNDS}`
  throw new OfferwrightError('invalid_value', message, { field: 'rounds', value: [ofA, ofB] })
}
