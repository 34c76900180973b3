/**
 * What is left of a server under more load than it can bear? Batches of decisions, each heavy enough that the load generator keeps
 * up, reach a server on one core from a generator on another: first in a closed loop, which finds the peak, then for each factor in
 * an open loop of half the peak, factor × peak, and half the peak again.
 *
 *   goodput = accepted requests a second of the overload / peak
 */
import { availableParallelism } from 'node:os'
import { Child } from '../http/child.ts'
import { benchHome } from '../http/home.ts'
import { knownAnswers } from '../http/known-answers.ts'
import { Listener } from '../http/listener.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { publishedShop } from '../shop/publish.ts'
import { type OverloadFigures, overloadFigures, VOID_BELOW } from './figures.ts'
import type { LoadAnswer, LoadQuestion } from './load-child.ts'
import type { PinnedSetup } from './server-child.ts'

export interface OverloadBench {
  items: number
  shoppers: number
  campaigns: number
  /** Deciding threads; 0: the one that listens. */
  workers: number
  /** Decisions of one request. */
  batch: number
  factors: number[]
  objectiveMs: number
  /** Of the overload. */
  seconds: number
  seed: number
}

export interface OverloadReport {
  bench: 'overload'
  items: number
  workers: number
  batch: number
  objectiveMs: number
  peakPerSecond: number
  peakP99Ms: number
  /** While the peak was sought: where there are many, it was found too low. */
  peakRefused: number
  compared: number
  runs: (OverloadFigures & { factor: number; goodputShare: number; isVoid: boolean })[]
}

const PATH = '/v1/decide/batch'
const SERVER_CORE = 0
const GENERATOR_CORE = 1
const DISTINCT_BATCHES = 64
const COMPARE_EVERY = 8
/**
 * Enough that there is always work, and so few that none is refused: who is refused in a closed loop comes again at once, which
 * takes the core from those who are answered, and the peak looks lower than it is.
 */
const PEAK_CONNECTIONS = 4
const WARM_SECONDS = 5
const BEFORE_SECONDS = 2
const AFTER_SECONDS = 8

export async function benchOverload(options: OverloadBench, say: (line: string) => void): Promise<OverloadReport> {
  if (availableParallelism() < 2) throw new Error('overload needs two cores: one for the server, one for the load')
  const shop = await publishedShop(options, say)
  const campaigns = liveCampaigns(options.campaigns, shop)
  const asked = { scenario: 'known', seed: options.seed } as const
  const known = await knownAnswers(shop, campaigns, asked, options.batch * DISTINCT_BATCHES)
  const requests = { ...batchesOf(known, options.batch), path: PATH, compareEvery: COMPARE_EVERY, core: GENERATOR_CORE }
  const home = await benchHome(campaigns, shop.store)
  const server = new Listener<PinnedSetup>(new URL('./server-child.js', import.meta.url))
  const generator = new Child<LoadQuestion, LoadAnswer>(new URL('./load-child.js', import.meta.url))
  const run = async (load: LoadQuestion['load']) => right(await generator.ask({ ...requests, port: server.port, load }))
  try {
    await server.listen({
      home: home.home,
      core: SERVER_CORE,
      workers: options.workers,
      objectiveMs: options.objectiveMs,
    })
    say('warming up')
    await run({ connections: PEAK_CONNECTIONS, seconds: WARM_SECONDS })
    say('finding the peak')
    const peak = peakOf(await run({ connections: PEAK_CONNECTIONS, seconds: options.seconds }), options.seconds)
    const report: OverloadReport = {
      bench: 'overload',
      items: options.items,
      workers: options.workers,
      batch: options.batch,
      objectiveMs: options.objectiveMs,
      ...peak,
      runs: [],
    }
    for (const factor of options.factors) {
      say(`${factor} × the peak of ${peak.peakPerSecond.toFixed(0)} a second`)
      const load = await run({
        stretches: stretchesOf(peak.peakPerSecond, factor, options.seconds),
        seed: options.seed,
      })
      const [from, to] = [1000 * BEFORE_SECONDS, 1000 * (BEFORE_SECONDS + options.seconds)]
      const figures = overloadFigures(load, from, to, options.objectiveMs)
      const goodputShare = figures.goodputPerSecond / peak.peakPerSecond
      report.runs.push({ factor, goodputShare, isVoid: figures.sentShare < VOID_BELOW, ...figures })
      report.compared += load.compared
    }
    return report
  } finally {
    await Promise.all([generator.stop(), server.stop()])
    await home.remove()
  }
}

function batchesOf({ bodies, expected }: { bodies: string[]; expected: string[][] }, batch: number) {
  const starts = Array.from({ length: bodies.length / batch }, (_, i) => i * batch)
  const texts = expected.map(([text]) => text)
  return {
    bodies: starts.map((start) => `{"requests":[${bodies.slice(start, start + batch).join(',')}]}`),
    expected: starts.map((start) => `{"answers":[${texts.slice(start, start + batch).join(',')}]}`),
  }
}

function right(load: LoadAnswer): LoadAnswer {
  if (load.compared === 0 || load.wrong > 0)
    throw new Error(`${load.wrong} of ${load.compared} compared answers are wrong: no figures`)
  return load
}

function peakOf({ tookMs, status, compared }: LoadAnswer, seconds: number) {
  const took = Float64Array.from([...tookMs].filter((_, i) => status[i] === 200)).sort()
  const peakP99Ms = took[Math.ceil(0.99 * took.length) - 1]
  return { peakPerSecond: took.length / seconds, peakP99Ms, peakRefused: status.length - took.length, compared }
}

function stretchesOf(peakPerSecond: number, factor: number, seconds: number) {
  return [
    { perSecond: peakPerSecond / 2, seconds: BEFORE_SECONDS },
    { perSecond: peakPerSecond * factor, seconds },
    { perSecond: peakPerSecond / 2, seconds: AFTER_SECONDS },
  ]
}

export function renderOverload(report: OverloadReport): string {
  const { items, workers, batch, objectiveMs, peakPerSecond, peakP99Ms, peakRefused, compared } = report
  return [
    `overload: batches of ${batch} decisions, ${items.toLocaleString('en')} items, ${workers} worker(s), one core; objective ${objectiveMs} ms; ` +
      `${compared} answers compared`,
    `peak ${peakPerSecond.toFixed(0)} requests/s, p99 ${peakP99Ms.toFixed(1)} ms (closed loop, ${peakRefused} refused)`,
    ...report.runs.map(
      (run) =>
        `${run.factor} × peak: goodput ${percent(run.goodputShare)} of peak, p99 of accepted ${run.acceptedP99Ms.toFixed(0)} ms ` +
        `(${(run.acceptedP99Ms / objectiveMs).toFixed(2)} × the objective), normal again after ` +
        `${run.normalAfterMs === null ? 'more than the run' : `${(run.normalAfterMs / 1000).toFixed(2)} s`}; ` +
        `${run.refused} refused, ${run.failed} failed; ${percent(run.sentShare)} of arrivals sent in time, ` +
        `the generator used ${percent(run.generatorShare)} of its core` +
        `${run.isVoid ? ' — VOID: the generator did not keep up' : ''}`,
    ),
  ].join('\n')
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
