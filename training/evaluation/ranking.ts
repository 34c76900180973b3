/**
 * Ranking quality on a published split: train on one file with the stages that train a shop, publish and open the snapshot
 * as a server does, rank by the scoring that serves, and compare with the other file.
 *
 * Full ranking over all items; a shopper's train items are left out of their list. An item that the train file does not
 * know counts as relevant all the same.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { RankingMean, type RankingMetrics } from '../../core/evaluation/ranking.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { Dataset } from '../dataset.ts'
import { NO_INDEX, readItems, readShoppers } from '../duckdb.ts'
import { openHeldOut } from '../held-out.ts'
import { trainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import { type Choice, chooseModel } from './choose.ts'
import { type InteractionFormat, readInteractions } from './interactions.ts'
import { CANDIDATES, type ModelName, parametersOf } from './models.ts'

export interface RankingOptions {
  train: string
  test: string
  format: InteractionFormat
  k: number
  model: ModelName | 'auto'
  neighbours: number
  threads: number
  seed: number
  onProgress?: OnProgress
}

export interface RankingResult extends RankingMetrics {
  /** The one asked for, or the one that `auto` chose. */
  model: ModelName
  /** How `auto` chose. */
  validation?: Choice['validation']
  k: number
  users: number
  items: number
  rejectedRows: number
  trainSeconds: number
  peakRssBytes: number
  snapshotBytes: number
}

export async function evaluateRanking(options: RankingOptions): Promise<RankingResult> {
  const { k, onProgress } = options
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-evaluate-'))
  try {
    const train = await readInteractions(options.train, options.format, join(folder, 'train'))
    const test = await readInteractions(options.test, options.format, join(folder, 'test'))
    const cases = await casesOf(test.dataset)
    if (cases.length === 0)
      throw new OfferwrightError('invalid_data', `${options.test} holds nothing to rank`, { field: 'test' })
    const startedAt = performance.now()
    const chosen =
      options.model === 'auto'
        ? await chooseModel(train.dataset, CANDIDATES, options, join(folder, 'choice'), onProgress)
        : { model: options.model }
    const parameters = trainingParameters({ ...parametersOf(chosen.model, options), seed: options.seed })
    const g = await openHeldOut(train.dataset, parameters, join(folder, 'model'), { onProgress })
    const trainSeconds = (performance.now() - startedAt) / 1000
    return {
      ...rankCases(g, cases, k, onProgress),
      ...chosen,
      k,
      users: cases.length,
      items: train.dataset.items,
      rejectedRows: train.rejected + test.rejected,
      trainSeconds,
      peakRssBytes: 1024 * process.resourceUsage().maxRSS,
      snapshotBytes: bytesOf(g),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** One shopper, by index in the data asked and by key, and the keys of what they turned out to like. */
export interface Case {
  index: number
  shopper: string
  liked: string[]
}

export async function casesOf({ folder, table }: Dataset): Promise<Case[]> {
  const { key: itemKeys } = await readItems(folder, ['key'])
  const { key: shopperKeys } = await readShoppers(folder)
  const byShopper = new Map<number, Set<string>>()
  for (let e = 0; e < table.length; e++) {
    if (table.shopper[e] === NO_INDEX) continue
    const liked = byShopper.get(table.shopper[e]) ?? new Set()
    byShopper.set(table.shopper[e], liked.add(itemKeys[table.item[e]] ?? ''))
  }
  return [...byShopper].map(([index, liked]) => ({ index, shopper: shopperKeys[index] ?? '', liked: [...liked] }))
}

/** What would be served, and what of it counts. An unknown item is a number of its own below 0: liked, and in no list. */
export function listFor(g: Generation, { shopper, liked }: Case, k: number): { list: number[]; relevant: Set<number> } {
  const { items } = recommend(g, { shopper, slots: k }, emptyLiveShopper())
  const wanted = liked.map((key, i) => {
    const index = itemIndexOf(g, key)
    return index < 0 ? -1 - i : index
  })
  return { list: items.map(({ item }) => itemIndexOf(g, item)), relevant: new Set(wanted) }
}

function rankCases(g: Generation, cases: Case[], k: number, onProgress?: OnProgress): RankingMetrics {
  const mean = new RankingMean(k)
  for (const [done, each] of cases.entries()) {
    if (done % 1000 === 0) onProgress?.({ stage: 'rank', done, total: cases.length, message: 'shoppers ranked' })
    const { list, relevant } = listFor(g, each, k)
    mean.add(list, relevant)
  }
  return mean.mean()
}

function bytesOf({ image }: Generation): number {
  return image.manifest.segments[0].sections.reduce((sum, { bytes }) => sum + bytes, 0)
}
