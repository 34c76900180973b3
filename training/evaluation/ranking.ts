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
import { type RankingReport, RankingTally } from '../../core/evaluation/tally.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { shopperIndexOf } from '../../core/scoring/keys.ts'
import type { Dataset } from '../dataset.ts'
import { openHeldOut } from '../held-out.ts'
import { trainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import { type Choice, chooseModel } from './choose.ts'
import { type InteractionFormat, readInteractions } from './interactions.ts'
import { type Case, casesOf, itemAgeSegment, itemShares, lengthSegment, listFor } from './liked.ts'
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

export interface RankingResult extends RankingReport {
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
      ...rankCases(g, cases, train.dataset, options),
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

function rankCases(
  g: Generation,
  cases: Case[],
  train: Dataset,
  { k, seed, onProgress }: RankingOptions,
): RankingReport {
  const tally = new RankingTally(k, itemShares(train), itemAgeSegment(train))
  const { historyIndptr } = g.tables.shoppers
  for (const [done, each] of cases.entries()) {
    if (done % 1000 === 0) onProgress?.({ stage: 'rank', done, total: cases.length, message: 'shoppers ranked' })
    const { list, relevant } = listFor(g, each, k)
    const shopper = shopperIndexOf(g, each.shopper)
    const length = shopper < 0 ? 0 : historyIndptr.view[shopper + 1] - historyIndptr.view[shopper]
    tally.add(list, relevant, lengthSegment(length))
  }
  return tally.report(seed)
}

function bytesOf({ image }: Generation): number {
  return image.manifest.segments[0].sections.reduce((sum, { bytes }) => sum + bytes, 0)
}
