/**
 * How much each source adds, learned on held-out visits: coordinate ascent on the mean NDCG@20.
 *
 * A source's weight is a share of a scale of its own, the ratio of the best scores that item-item rows and it give when
 * each is alone, so that shops of any size search the same grid. Item-item rows weigh 1. A step is taken only where the
 * mean of the cases' differences exceeds its standard error: what does not show is not bought with a request's time.
 * Content, whose items are too new to show, takes the largest share that costs at most a stated part of the rest.
 */
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { ndcgAtK } from '../../core/evaluation/ranking.ts'
import { NO_SOURCE, ROWS_ALONE } from '../../core/scoring/blends.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import { CASE_SLOTS, type RankingCase } from './cases.ts'

const SHARES = [0, 0.03, 0.1, 0.3, 1, 3]
const ROUNDS = 2
/** Largest first. */
const CONTENT_SHARES = [3, 1, 0.5, 0.25, 0.1]
/** Share of the NDCG of what is known that may be given for showing what is new. */
const WORTH_OF_NEW = 0.05
/** Cases that a source's scale is measured on. */
const SCALE_CASES = 200

export type Source = Exclude<keyof SourceWeights, 'rows'>

/** The sources that a snapshot can add to its rows. */
export function sourcesOf({ tables, image }: Generation): Source[] {
  const optional = (['content', 'sessions', 'peers', 'links', 'trends', 'rhythm'] as const).filter(
    (name) => tables[name] !== null,
  )
  const vectors = image.manifest.model.vectors.weight > 0 ? (['vectors'] as const) : []
  return [...optional, 'popular', ...vectors]
}

/** The blend that ranks `cases` best, with as much content as new items are worth. */
export function learnBlend(g: Generation, cases: RankingCase[], sources: Source[]): SourceWeights {
  const scales = new Map(sources.map((source) => [source, scaleOf(g, source, cases.slice(0, SCALE_CASES))]))
  const weightOf = (source: Source, share: number) => share * (scales.get(source) ?? 0)
  const proven = sources.filter((source) => source !== 'content')
  const best = ascend(g, cases, proven, weightOf)
  return sources.includes('content') ? withContent(g, cases, best, (share) => weightOf('content', share)) : best
}

type WeightOf = (source: Source, share: number) => number

function ascend(g: Generation, cases: RankingCase[], sources: Source[], weightOf: WeightOf): SourceWeights {
  let best = ROWS_ALONE
  let reached = ndcgOf(g, best, cases)
  for (let round = 0; round < ROUNDS; round++) {
    const before = best
    for (const source of sources)
      for (const share of SHARES) {
        const tried = { ...best, [source]: weightOf(source, share) }
        if (tried[source] === best[source]) continue
        const got = ndcgOf(g, tried, cases)
        if (!isBetter(got, reached)) continue
        best = tried
        reached = got
      }
    if (best === before) break
  }
  return best
}

/** The largest share that costs no more than new items are worth: no past visit can speak for them. */
function withContent(
  g: Generation,
  cases: RankingCase[],
  blend: SourceWeights,
  weightOf: (share: number) => number,
): SourceWeights {
  const least = (1 - WORTH_OF_NEW) * meanOf(ndcgOf(g, blend, cases))
  for (const share of CONTENT_SHARES) {
    const tried = { ...blend, content: weightOf(share) }
    if (meanOf(ndcgOf(g, tried, cases)) >= least) return tried
  }
  return blend
}

/** NDCG@20 of each case under a blend. */
export function ndcgOf(g: Generation, weights: SourceWeights, cases: RankingCase[]): Float64Array {
  const blended = { ...g, blend: { known: weights, session: weights } }
  return Float64Array.from(cases, ({ request, relevant }) => {
    const { items } = recommend(blended, request, emptyLiveShopper())
    return ndcgAtK(
      items.map(({ item }) => itemIndexOf(g, item)),
      relevant,
      CASE_SLOTS,
    )
  })
}

function isBetter(got: Float64Array, reached: Float64Array): boolean {
  const differences = got.map((value, i) => value - reached[i])
  const mean = meanOf(differences)
  const variance = meanOf(differences.map((d) => (d - mean) ** 2))
  return mean > Math.sqrt(variance / differences.length)
}

export function meanOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Best score of the rows over best score of the source, each alone, in the mean; 0 where the source gives nothing. */
function scaleOf(g: Generation, source: Source, cases: RankingCase[]): number {
  const top = (weights: SourceWeights) => {
    const blended = { ...g, blend: { known: weights, session: weights } }
    return meanOf(
      Float64Array.from(cases, ({ request }) => recommend(blended, request, emptyLiveShopper()).items[0]?.score ?? 0),
    )
  }
  const alone = top({ ...NO_SOURCE, [source]: 1 })
  return alone > 0 ? top(ROWS_ALONE) / alone : 0
}
