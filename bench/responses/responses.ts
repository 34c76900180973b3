/**
 * What is it worth to learn responses from the shop's own logs? A demo shop is trained on its sales, decides and logs visits with
 * some offers drawn by chance, learns from that log, and both snapshots then meet the same later traffic against the truth.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { readReport } from '../../training/sections.ts'
import { runClosedLoop } from '../../training/simulation/closed-loop.ts'
import type { PolicyTotals } from '../../training/simulation/policy-tally.ts'
import { type KnownShop, makeKnownShop, trainKnownShop } from './known-shop.ts'
import { logVisits, SLOTS } from './visits.ts'

export interface ResponsesOptions {
  items: number
  shoppers: number
  /** Rows of sales that the shop is trained on. */
  events: number
  /** Logged visits of each shopper. */
  visits: number
  /** Least probability of every action while the log is written. */
  explore: number
  seeds: number
  /** First seed. */
  seed: number
}

interface Run {
  impressions: number
  /** Of reading the log and of all that is learned from it. */
  seconds: number
  segments: number
  /** Extra margin over no offers, minor units, with the 95 % interval over shoppers. */
  bestFixed: Margin
  priceAlone: Margin
  learned: Margin
}
interface Margin {
  policy: string
  minor: number
  interval: [number, number]
}

export interface ResponsesReport extends ResponsesOptions {
  runs: Run[]
}

const LATER = { days: 28, slots: SLOTS, visitsOfEach: 7 }

export async function benchResponses(options: ResponsesOptions, say: (line: string) => void): Promise<ResponsesReport> {
  const runs: Run[] = []
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    const root = await mkdtemp(join(tmpdir(), 'responses-'))
    try {
      runs.push(await runShop(root, options, seed))
    } finally {
      await rm(root, { recursive: true, force: true })
    }
    say(`shop ${runs.length} of ${options.seeds}: ${lineOf(runs[runs.length - 1])}`)
  }
  return { ...options, runs }
}

async function runShop(root: string, options: ResponsesOptions, seed: number): Promise<Run> {
  const { items, shoppers, events, visits, explore } = options
  const shop = await makeKnownShop(root, { items, shoppers, events, seed })
  const before = await trainKnownShop(shop)
  const exploring = { ...shop.file, policy: { ...shop.file.policy, explorationFloor: explore } }
  const log = join(root, 'log')
  const decisions = await logVisits(before, shop.truth, exploring, visits, log, seed)
  const started = performance.now()
  const after = await trainKnownShop(shop, log)
  const seconds = (performance.now() - started) / 1000
  const { metrics } = await readReport(join(root, 'sections'), 'response')
  if (metrics.decisions !== decisions) throw new Error(`read ${metrics.decisions} decisions of ${decisions}`)
  const [priceAlone, learned] = [later(shop, before, seed), later(shop, after, seed)]
  const fixed = priceAlone.filter(({ policy }) => policy.startsWith('everyone'))
  return {
    impressions: metrics.impressions,
    seconds,
    segments: metrics.segments,
    bestFixed: marginOf(fixed.toSorted((a, b) => b.incrementalMarginMinor - a.incrementalMarginMinor)[0]),
    priceAlone: marginOf(priceAlone[priceAlone.length - 1]),
    learned: marginOf(learned[learned.length - 1]),
  }
}

/** With the demo's own policy, which explores little. */
function later({ truth, file }: KnownShop, g: Generation, seed: number): PolicyTotals[] {
  const remaining = new Float64Array(file.campaigns.length).fill(Number.POSITIVE_INFINITY)
  const { shoppers } = truth.parameters
  const { visitsOfEach, ...loop } = LATER
  const options = { ...loop, shoppers, visits: visitsOfEach * shoppers, seed }
  return runClosedLoop(g, truth, compileCampaigns(g, file, 'later'), remaining, options).policies
}

function marginOf({ policy, incrementalMarginMinor: minor, incrementalMargin95: interval }: PolicyTotals): Margin {
  return { policy, minor, interval }
}

function lineOf({ impressions, seconds, segments, bestFixed, priceAlone, learned }: Run): string {
  const gain = (100 * (learned.minor / priceAlone.minor - 1)).toFixed(0)
  return [
    `${impressions} impressions, read and learned in ${seconds.toFixed(1)} s, ${segments} segments; extra margin`,
    `${bestFixed.policy} ${whole(bestFixed.minor)}, price alone ${whole(priceAlone.minor)},`,
    `learned ${whole(learned.minor)} (95 %: ${learned.interval.map(whole).join(' to ')}), ${gain} % more`,
  ].join(' ')
}

const whole = (value: number) => value.toFixed(0)

export function renderResponses({ runs, visits, explore }: ResponsesReport): string {
  const sum = (of: (run: Run) => Margin) => runs.reduce((total, run) => total + of(run).minor, 0)
  const [fixed, alone, learned] = [sum((run) => run.bestFixed), sum((run) => run.priceAlone), sum((run) => run.learned)]
  return [
    `${runs.length} shops, ${visits} logged visits of each shopper, every action at least ${explore} likely:`,
    ...runs.map(lineOf),
    `together: ${(100 * (learned / alone - 1)).toFixed(1)} % more than by the price alone, ${(learned / fixed).toFixed(2)} times the best fixed discounts`,
  ].join('\n')
}
