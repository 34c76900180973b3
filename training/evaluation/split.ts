/**
 * Ranking quality on held-out time: train on the events before a cut with the very stages and the very scoring that
 * serve, then compare what each model would have recommended with what shoppers bought after it.
 *
 * Counted shoppers: known before the cut, who bought at least one item after it that they had not bought before.
 * Items bought before the cut are removed from the lists of every model and from what is relevant, unless buying again
 * counts. The blend is learned
 * before the cut too, on held-out weeks of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { RecommendRequest } from '../../core/contract/requests.ts'
import { bootstrapMeans, type Interval } from '../../core/evaluation/bootstrap.ts'
import { type RankingReport, RankingTally } from '../../core/evaluation/tally.ts'
import { ROWS_ALONE } from '../../core/scoring/blends.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf, itemKeyOf, shopperKeyOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { before, readDataset } from '../dataset.ts'
import { openHeldOut } from '../held-out.ts'
import { MODEL_STAGES } from '../model-stages.ts'
import type { TrainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import { casesAfter, type HeldOutCase } from './held-out-cases.ts'
import { learnedBlend } from './learned-blend.ts'
import { itemAgeSegment, itemShares, lengthSegment } from './liked.ts'

const WEEK_MS = 7 * 86_400_000
/** Old purchases count as much as new ones. */
const NO_DECAY_DAYS = 1e9

export interface SplitOptions {
  data: string
  holdoutWeeks: number
  k: number
  parameters: TrainingParameters
  onProgress?: OnProgress
}

export interface SplitResult {
  /** First instant of the held-out time, milliseconds since 1970. */
  cut: number
  k: number
  shoppers: number
  models: Record<'blended' | 'rows' | 'popularity' | 'decayedPopularity', RankingReport>
  /** How much each source adds, for shoppers known before the cut. */
  blend: Record<string, number>
  /** Recall of the blend less that of another model, the same shoppers: mean and 95 % interval. */
  gains: Record<'overRows' | 'overPopularity', { recall: number; interval: Interval }>
  /** Recall of the item-item rows over that of plain popularity. */
  recallRatio: number
}

export async function evaluateSplit(options: SplitOptions): Promise<SplitResult> {
  const { data, holdoutWeeks, k, parameters, onProgress } = options
  const dataset = await readDataset(data, parameters.until)
  const cut = dataset.watermark - holdoutWeeks * WEEK_MS
  const cases = casesAfter(dataset, cut, parameters.repurchase)
  const earlier = before(dataset, cut)
  if (cases.length === 0 || earlier.events === 0)
    throw new OfferwrightError('invalid_data', `nothing to evaluate in the last ${holdoutWeeks} weeks`, {
      field: 'holdoutWeeks',
      value: holdoutWeeks,
    })
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-evaluate-'))
  try {
    const blend = parameters.blend ?? (await learnedBlend(earlier, parameters, folder, onProgress))
    const g = await openHeldOut(earlier, { ...parameters, blend }, folder, { onProgress })
    const withoutDecay = { ...parameters, blend, halfLifeDays: NO_DECAY_DAYS }
    const { popularity } = MODEL_STAGES
    const undecayed = await openHeldOut(earlier, withoutDecay, folder, { onProgress, stages: { popularity } })
    const tally = () => new RankingTally(k, itemShares(earlier), itemAgeSegment(earlier))
    const rows = { ...g, blend: { known: ROWS_ALONE, session: ROWS_ALONE } }
    return summary(
      cut,
      k,
      cases.length,
      parameters.seed,
      {
        blended: score(g, cases, options, tally(), true),
        rows: score(rows, cases, options, tally(), true),
        popularity: score(undecayed, cases, options, tally(), false),
        decayedPopularity: score(g, cases, options, tally(), false),
      },
      g.blend.known,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function summary(
  cut: number,
  k: number,
  shoppers: number,
  seed: number,
  tallies: Record<keyof SplitResult['models'], RankingTally>,
  blend: Record<string, number>,
): SplitResult {
  const { blended, rows, popularity, decayedPopularity } = tallies
  const models = {
    blended: blended.report(seed),
    rows: rows.report(seed),
    popularity: popularity.report(seed),
    decayedPopularity: decayedPopularity.report(seed),
  }
  const gainOver = (other: RankingTally) => {
    const reached = other.column('recall')
    const gains = blended.column('recall').map((recall, i) => recall - reached[i])
    const [interval] = bootstrapMeans([gains], seed)
    return { recall: gains.reduce((sum, gain) => sum + gain, 0) / gains.length, interval }
  }
  return {
    cut,
    k,
    shoppers,
    models,
    blend,
    gains: { overRows: gainOver(rows), overPopularity: gainOver(popularity) },
    recallRatio: models.rows.recall / models.popularity.recall,
  }
}

function score(
  g: Generation,
  cases: HeldOutCase[],
  { k, parameters: { repurchase } }: SplitOptions,
  tally: RankingTally,
  personalise: boolean,
): RankingTally {
  for (const { shopper, bought, relevant } of cases) {
    const request: RecommendRequest = {
      shopper: shopperKeyOf(g, shopper),
      exclude: repurchase ? [] : Array.from(bought, (item) => itemKeyOf(g, item)),
      repurchase,
      slots: k,
      personalise,
    }
    const { items } = recommend(g, request, emptyLiveShopper())
    tally.add(
      items.map(({ item }) => itemIndexOf(g, item)),
      relevant,
      lengthSegment(bought.size),
    )
  }
  return tally
}
