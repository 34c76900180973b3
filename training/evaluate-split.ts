/**
 * Ranking quality on held-out time: train on the events before a cut with the very stages and the very scoring that
 * serve, then compare what each model would have recommended with what shoppers bought after it.
 *
 * Counted shoppers: known before the cut, who bought at least one item after it that they had not bought before.
 * Items bought before the cut are removed from the lists of every model and from what is relevant.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OfferwrightError } from '../core/contract/errors.ts'
import { emptyLiveShopper } from '../core/contract/live.ts'
import type { RecommendRequest } from '../core/contract/requests.ts'
import { RankingMean, type RankingMetrics } from '../core/evaluation/ranking.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { itemIndexOf, itemKeyOf, shopperKeyOf } from '../core/scoring/keys.ts'
import { recommend } from '../core/scoring/recommend.ts'
import { before, type Dataset, firstAtOrAfter, readDataset } from './dataset.ts'
import { NO_INDEX } from './duckdb.ts'
import { PURCHASE } from './elasticity.ts'
import { openHeldOut } from './held-out.ts'
import { MODEL_STAGES } from './model-stages.ts'
import type { TrainingParameters } from './parameters.ts'
import type { OnProgress } from './progress.ts'

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
  models: { itemCf: RankingMetrics; popularity: RankingMetrics; decayedPopularity: RankingMetrics }
  /** Recall of item-CF over that of plain popularity. */
  recallRatio: number
}

export async function evaluateSplit({
  data,
  holdoutWeeks,
  k,
  parameters,
  onProgress,
}: SplitOptions): Promise<SplitResult> {
  const dataset = await readDataset(data, parameters.until)
  const cut = dataset.watermark - holdoutWeeks * WEEK_MS
  const cases = casesAfter(dataset, cut)
  const earlier = before(dataset, cut)
  if (cases.length === 0 || earlier.events === 0)
    throw new OfferwrightError('invalid_data', `nothing to evaluate in the last ${holdoutWeeks} weeks`, {
      field: 'holdoutWeeks',
      value: holdoutWeeks,
    })
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-evaluate-'))
  try {
    const g = await openHeldOut(earlier, parameters, folder, { onProgress })
    const withoutDecay = { ...parameters, halfLifeDays: NO_DECAY_DAYS }
    const { popularity } = MODEL_STAGES
    const undecayed = await openHeldOut(earlier, withoutDecay, folder, { onProgress, stages: { popularity } })
    const models = {
      itemCf: score(g, cases, k, true),
      popularity: score(undecayed, cases, k, false),
      decayedPopularity: score(g, cases, k, false),
    }
    const recallRatio = models.itemCf.recall / models.popularity.recall
    return { cut, k, shoppers: cases.length, models, recallRatio }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Case {
  shopper: number
  bought: Set<number>
  /** What the shopper bought after the cut and not before. */
  relevant: Set<number>
}

function casesAfter({ table }: Dataset, cut: number): Case[] {
  const known = new Map<number, Case>()
  const end = firstAtOrAfter(table.timeMs, cut)
  for (let e = 0; e < table.length; e++) {
    const shopper = table.shopper[e]
    if (shopper === NO_INDEX) continue
    const found = known.get(shopper)
    if (e < end) {
      const own = found ?? { shopper, bought: new Set(), relevant: new Set() }
      if (!found) known.set(shopper, own)
      if (table.kind[e] === PURCHASE) own.bought.add(table.item[e])
    } else if (found && table.kind[e] === PURCHASE && !found.bought.has(table.item[e])) {
      found.relevant.add(table.item[e])
    }
  }
  return [...known.values()].filter(({ relevant }) => relevant.size > 0)
}

function score(g: Generation, cases: Case[], k: number, personalise: boolean): RankingMetrics {
  const mean = new RankingMean(k)
  for (const { shopper, bought, relevant } of cases) {
    const request: RecommendRequest = {
      shopper: shopperKeyOf(g, shopper),
      exclude: Array.from(bought, (item) => itemKeyOf(g, item)),
      slots: k,
      personalise,
    }
    const { items } = recommend(g, request, emptyLiveShopper())
    mean.add(
      items.map(({ item }) => itemIndexOf(g, item)),
      relevant,
    )
  }
  return mean.mean()
}
