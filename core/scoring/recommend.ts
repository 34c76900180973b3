/** Items without promotions: the item side of `decide`, for `POST /v1/recommend` and `POST /v1/similar`. */
import type { RecommendAnswer } from '../contract/answers.ts'
import type { ItemIndex } from '../contract/ids.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../contract/live.ts'
import type { RecommendRequest, SimilarRequest } from '../contract/requests.ts'
import { recommendAnswerOf } from './answer.ts'
import { DEFAULT_SLOTS, refuseUnknown } from './decide.ts'
import { eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import { gatherHistory } from './history.ts'
import { type OtherList, scoreList } from './lists.ts'
import { type Merchandise, NO_MERCHANDISE } from './merchandise.ts'
import { rank, rankScores } from './rank.ts'
import { type Reason, reasonsFor } from './reasons.ts'

/** What was ranked, in indexes; `answer.ts` writes it as it is answered. */
export interface Recommendation {
  personalised: boolean
  items: ItemIndex[]
  scores: number[]
  /** By slot. */
  reasons: Reason[][]
}

/**
 * `time`: milliseconds since 1970, the snapshot's own where absent. `merchandise`: what running campaigns say about the order
 * of `for_you`; other lists are what their name says, and similar items follow one item alone.
 */
export function recommended(
  g: Generation,
  request: RecommendRequest,
  live: LiveShopperColumns,
  time: number = g.image.manifest.watermark,
  merchandise: Merchandise = NO_MERCHANDISE,
): Recommendation {
  refuseUnknown(g, request)
  const { list = 'for_you' } = request
  return list === 'for_you' ? forYou(g, request, live, time, merchandise) : otherList(g, list, request, live, time)
}

function forYou(
  g: Generation,
  request: RecommendRequest,
  live: LiveShopperColumns,
  time: number,
  merchandise: Merchandise,
): Recommendation {
  const history = gatherHistory(g, request, live, time)
  const allowed = eligible(g, request, history.purchased)
  const ranked = rank(g, history, allowed, request.slots ?? DEFAULT_SLOTS, request, merchandise)
  const personalised = history.length > 0 && request.personalise !== false
  const reasons = ranked.items.map((item, slot) => [
    ...reasonsFor(g, history, ranked.found, item),
    ...ranked.merchandised[slot],
  ])
  return { personalised, items: ranked.items, scores: ranked.scores, reasons }
}

/** What the shopper bought does not leave a list: it is the same for everybody, or it is about just that. */
function otherList(
  g: Generation,
  list: OtherList,
  request: RecommendRequest,
  live: LiveShopperColumns,
  time: number,
): Recommendation {
  const allowed = eligible(g, request, [])
  const scores = scoreList(g, list, request, live, time)
  const ranked = rankScores(g, scores, allowed, request.slots ?? DEFAULT_SLOTS, request.diversity)
  return {
    personalised: list === 'bought_again' && ranked.items.length > 0,
    items: ranked.items,
    scores: ranked.scores,
    reasons: ranked.items.map((item) => [scores.reason(item)]),
  }
}

/** Neighbours of one item; nobody's history takes part. */
export function similar(g: Generation, request: SimilarRequest): Recommendation {
  return recommended(g, { ...request, personalise: false }, emptyLiveShopper())
}

/** As it is answered. */
export function recommend(...asked: Parameters<typeof recommended>): RecommendAnswer {
  return recommendAnswerOf(asked[0], recommended(...asked))
}
