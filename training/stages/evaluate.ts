/**
 * What held-out time says of the models: how much each source adds (the blend), what a score means (the calibration), and
 * how well the whole ranks, which `publish` compares with the snapshot in use. It has no section; the manifest carries it.
 *
 * Models learn from the events before a cut. Of the visits after it every other one teaches blend and calibration, the
 * rest measures them.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ROWS_ALONE } from '../../core/scoring/blends.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import { calibrate, sampleAnswers, UNCALIBRATED } from '../calibration.ts'
import { before } from '../dataset.ts'
import { learnBlend, meanOf, ndcgOf, sourcesOf } from '../evaluation/blend.ts'
import { knownCases, type RankingCase, sessionCases } from '../evaluation/cases.ts'
import { type Visit, visitsAfter } from '../evaluation/visits.ts'
import { openHeldOut } from '../held-out.ts'
import type { StageReport } from '../sections.ts'
import type { StageContext } from '../stage.ts'

const DAY_MS = 86_400_000

export async function trainEvaluation(context: StageContext): Promise<StageReport> {
  const { dataset, parameters, onProgress } = context
  const { holdoutDays, windowDays, shoppers } = parameters.calibration
  const cut = dataset.watermark - holdoutDays * DAY_MS
  const earlier = before(dataset, cut)
  const visits = visitsAfter(dataset.table, cut, windowDays * DAY_MS, shoppers)
  if (earlier.events === 0 || visits.length === 0)
    return { metrics: { visits: 0 }, model: { calibration: UNCALIBRATED, blend: parameters.blend ?? UNLEARNED } }
  const folder = await mkdtemp(join(context.sections, 'evaluate-'))
  try {
    onProgress({ stage: 'evaluate', done: 0, total: visits.length, message: 'visits' })
    const g = await openHeldOut(earlier, withTokenIndex(context), folder)
    return learnAndMeasure(g, visits, context)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Content in its own scale, so that new items of a shop without held-out visits rank. */
const UNLEARNED = { known: { ...ROWS_ALONE, content: 1 }, session: { ...ROWS_ALONE, content: 1 } }

/** Where vectors only fill up short answers, a token index that nothing asks keeps this stage fast. */
function withTokenIndex({ parameters }: StageContext): StageContext['parameters'] {
  return { ...parameters, vectors: { ...parameters.vectors, weight: 0 }, index: { m: 4, efConstruction: 8 } }
}

function learnAndMeasure(g: Generation, visits: Visit[], { parameters, onProgress }: StageContext): StageReport {
  const [taught, measured] = [0, 1].map((half) => visits.filter((_, i) => i % 2 === half))
  const contexts = {
    known: (some: Visit[]) => knownCases(g, some, parameters.repurchase),
    session: (some: Visit[]) => sessionCases(g, some),
  }
  const blend = parameters.blend ?? { known: ROWS_ALONE, session: ROWS_ALONE }
  const metrics: Record<string, number> = { visits: visits.length }
  for (const [done, name] of (['known', 'session'] as const).entries()) {
    onProgress({ stage: 'evaluate', done, total: 2, message: `sources for ${name} shoppers` })
    if (parameters.blend === null) blend[name] = learnBlend(g, contexts[name](taught), sourcesOf(g))
    Object.assign(metrics, rankingMetrics(g, name, blend[name], contexts[name](measured)))
  }
  const { depth } = parameters.calibration
  const blended = { ...g, blend }
  const history = calibrate(sampleAnswers(blended, taught, depth, true), UNCALIBRATED.history)
  const popular = calibrate(sampleAnswers(blended, taught, depth, false), UNCALIBRATED.popular)
  return {
    metrics: { ...metrics, ...prefixed('history', history.metrics), ...prefixed('popular', popular.metrics) },
    model: { calibration: { history: history.logistic, popular: popular.logistic }, blend },
  }
}

/** NDCG@20 of the blend, of rows alone and of popularity, and what each source of the blend adds to it. */
function rankingMetrics(
  g: Generation,
  context: string,
  blend: SourceWeights,
  cases: RankingCase[],
): Record<string, number> {
  const ndcg = (weights: SourceWeights) => meanOf(ndcgOf(g, weights, cases))
  const whole = ndcg(blend)
  const metrics: Record<string, number> = {
    cases: cases.length,
    ndcg: whole,
    'ndcg.rows': ndcg(ROWS_ALONE),
    'ndcg.popular': meanOf(ndcgOf(g, ROWS_ALONE, cases.map(impersonal))),
  }
  for (const source of sourcesOf(g))
    if (blend[source] > 0) metrics[`adds.${source}`] = whole - ndcg({ ...blend, [source]: 0 })
  return prefixed(context, metrics)
}

function impersonal({ request, relevant }: RankingCase): RankingCase {
  return { request: { ...request, personalise: false }, relevant }
}

function prefixed(prefix: string, metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}.${name}`, value]))
}
