/**
 * Whether new items are found. All events of a drawn share of the items are hidden, so that these are as new as on the
 * day the shop lists them; the rest before a cut is trained on by the stages that train a shop, published, opened and
 * ranked by the scoring that serves. Asked for are the shoppers who bought a hidden item after the cut, known by what
 * else they did before it: how many of those items stand in their list?
 *
 * Two lists of each shopper: among all items, and among the hidden ones alone, each beside what chance would find.
 * `known` tells what content costs: how the items that are not hidden are found with it and without.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { meanMetrics, metricsAtK, type RankingMetrics } from '../../core/evaluation/ranking.ts'
import { instantiateKernel } from '../../core/native/kernel.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf, itemKeyOf, shopperKeyOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { before, type Dataset, readDataset, selected } from '../dataset.ts'
import { openHeldOut } from '../held-out.ts'
import type { TrainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import { casesAfter, type HeldOutCase } from './held-out-cases.ts'
import { learnedBlend } from './learned-blend.ts'
import { type Expected, expectedOfDraw, meanOf } from './random-lists.ts'

const WEEK_MS = 7 * 86_400_000
/** Second key word of the draws, so that no other use of the seed draws the same. */
const HIDDEN_STREAM = 0x68696464

export interface HiddenOptions {
  data: string
  /** Share of the items that is hidden. */
  share: number
  holdoutWeeks: number
  k: number
  /** Its seed also draws the hidden items. */
  parameters: TrainingParameters
  onProgress?: OnProgress
}

export interface Found {
  content: RankingMetrics
  /** The same rows without content. */
  withoutContent: RankingMetrics
  popularity: RankingMetrics
  random: Expected
  /** Content's figures over those of random. */
  timesRandom: Expected
}

export interface HiddenResult {
  /** First instant of the held-out time, milliseconds since 1970. */
  cut: number
  k: number
  hiddenItems: number
  shoppers: number
  amongAll: Found
  amongHidden: Found
  known: { shoppers: number; content: RankingMetrics; withoutContent: RankingMetrics }
}

export async function evaluateHidden(options: HiddenOptions): Promise<HiddenResult> {
  const { data, share, holdoutWeeks, k, parameters, onProgress } = options
  const dataset = await readDataset(data, parameters.until)
  const cut = dataset.watermark - holdoutWeeks * WEEK_MS
  const hidden = drawItems(dataset.items, share, parameters.seed)
  const earlier = before(dataset, cut)
  const shown = selected(earlier, (event) => !hidden.has(earlier.table.item[event]))
  const { ofHidden, ofKnown } = splitCases(dataset, cut, hidden, shown)
  if (ofHidden.length === 0) throw nothingToFind(hidden.size, holdoutWeeks)
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-evaluate-'))
  try {
    const blend = parameters.blend ?? (await learnedBlend(shown, parameters, folder, onProgress))
    const content = await openHeldOut(shown, { ...parameters, blend }, folder, { onProgress })
    const { known, session } = content.blend
    const plain = { ...content, blend: { known: { ...known, content: 0 }, session: { ...session, content: 0 } } }
    return {
      cut,
      k,
      hiddenItems: hidden.size,
      shoppers: ofHidden.length,
      amongAll: found({ plain, content }, ofHidden, k, null),
      amongHidden: found({ plain, content }, ofHidden, k, hidden),
      known: {
        shoppers: ofKnown.length,
        content: score(content, ofKnown, k, true, null),
        withoutContent: score(plain, ofKnown, k, true, null),
      },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** round(share · n) items, those with the smallest draws. */
export function drawItems(n: number, share: number, seed: number): Set<number> {
  const kernel = instantiateKernel(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }))
  const draws = Float64Array.from({ length: n }, (_, item) => kernel.uniform(item, 0, 0, 0, seed, HIDDEN_STREAM))
  const order = Array.from(draws.keys()).sort((a, b) => draws[a] - draws[b] || a - b)
  return new Set(order.slice(0, Math.round(share * n)))
}

/** Shoppers of whom training knows something, with what they bought of the hidden items and of the others. */
function splitCases(dataset: Dataset, cut: number, hidden: ReadonlySet<number>, shown: Dataset) {
  const known = new Set(shown.table.shopper)
  const cases = casesAfter(dataset, cut).filter(({ shopper }) => known.has(shopper))
  const withRelevant = (isWanted: (item: number) => boolean): HeldOutCase[] =>
    cases
      .map((own) => ({ ...own, relevant: new Set([...own.relevant].filter(isWanted)) }))
      .filter(({ relevant }) => relevant.size > 0)
  return { ofHidden: withRelevant((item) => hidden.has(item)), ofKnown: withRelevant((item) => !hidden.has(item)) }
}

function nothingToFind(hidden: number, holdoutWeeks: number): OfferwrightError {
  const what = `no known shopper bought one of ${hidden} hidden items in the last ${holdoutWeeks} weeks`
  return new OfferwrightError('invalid_data', what, { field: 'holdoutWeeks', value: holdoutWeeks })
}

/** `among`: the items that may be in a list; null: all. */
function found(
  { plain, content }: { plain: Generation; content: Generation },
  cases: HeldOutCase[],
  k: number,
  among: ReadonlySet<number> | null,
): Found {
  const random = meanOf(cases.map((own) => expectedOfRandom(plain, own, k, among)))
  const byContent = score(content, cases, k, true, among)
  return {
    content: byContent,
    withoutContent: score(plain, cases, k, true, among),
    popularity: score(plain, cases, k, false, among),
    random,
    timesRandom: { recall: byContent.recall / random.recall, hitRate: byContent.hitRate / random.hitRate },
  }
}

function score(
  g: Generation,
  cases: HeldOutCase[],
  k: number,
  personalise: boolean,
  among: ReadonlySet<number> | null,
): RankingMetrics {
  const keysOf = (items: ReadonlySet<number>) => Array.from(items, (item) => itemKeyOf(g, item))
  const candidates = among === null ? undefined : keysOf(among)
  return meanMetrics(
    cases.map(({ shopper, bought, relevant }) => {
      const request = { shopper: shopperKeyOf(g, shopper), exclude: keysOf(bought), slots: k, personalise, candidates }
      const { items } = recommend(g, request, emptyLiveShopper())
      return metricsAtK(
        items.map(({ item }) => itemIndexOf(g, item)),
        relevant,
        k,
      )
    }),
  )
}

/** What k items drawn from those that may be shown to the shopper hold on average. */
function expectedOfRandom(
  { live, nItems }: Generation,
  { bought, relevant }: HeldOutCase,
  k: number,
  among: ReadonlySet<number> | null,
): Expected {
  const maybe = (item: number) => !bought.has(item) && ((live.sellable.view[item >> 5] >>> (item & 31)) & 1) === 1
  let n = 0
  for (const item of among ?? Array(nItems).keys()) if (maybe(item)) n++
  return expectedOfDraw(n, [...relevant].filter(maybe).length, relevant.size, k)
}
