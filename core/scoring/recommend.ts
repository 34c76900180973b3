/** Items without promotions: the item side of `decide`, for `POST /v1/recommend` and `POST /v1/similar`. */
import type { RecommendAnswer } from '../contract/answers.ts'
import type { ItemIndex } from '../contract/ids.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../contract/live.ts'
import type { RecommendRequest, SimilarRequest } from '../contract/requests.ts'
import { stringAt } from '../snapshot/strings.ts'
import { DEFAULT_SLOTS, refuseUnknown } from './decide.ts'
import type { Picked } from './diversity.ts'
import { eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import { gatherHistory } from './history.ts'
import { itemKeyOf } from './keys.ts'
import { type OtherList, scoreList } from './lists.ts'
import { type Merchandise, NO_MERCHANDISE } from './merchandise.ts'
import { rank, rankScores } from './rank.ts'
import { namedReasons, type Reason, reasonsFor } from './reasons.ts'

/**
 * `time`: milliseconds since 1970, the snapshot's own where absent. `merchandise`: what running campaigns say about the order
 * of `for_you`; other lists are what their name says, and similar items follow one item alone.
 */
export function recommend(
  g: Generation,
  request: RecommendRequest,
  live: LiveShopperColumns,
  time: number = g.image.manifest.watermark,
  merchandise: Merchandise = NO_MERCHANDISE,
): RecommendAnswer {
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
): RecommendAnswer {
  const history = gatherHistory(g, request, live, time)
  const allowed = eligible(g, request, history.purchased)
  const ranked = rank(g, history, allowed, request.slots ?? DEFAULT_SLOTS, request, merchandise)
  const personalised = history.length > 0 && request.personalise !== false
  return answerOf(g, ranked, personalised, (item, slot) => [
    ...reasonsFor(g, history, ranked.found, item),
    ...ranked.merchandised[slot],
  ])
}

/** What the shopper bought does not leave a list: it is the same for everybody, or it is about just that. */
function otherList(
  g: Generation,
  list: OtherList,
  request: RecommendRequest,
  live: LiveShopperColumns,
  time: number,
): RecommendAnswer {
  const allowed = eligible(g, request, [])
  const scores = scoreList(g, list, request, live, time)
  const ranked = rankScores(g, scores, allowed, request.slots ?? DEFAULT_SLOTS, request.diversity)
  const personalised = list === 'bought_again' && ranked.items.length > 0
  return answerOf(g, ranked, personalised, (item) => [scores.reason(item)])
}

function answerOf(
  g: Generation,
  { items, scores }: Picked,
  personalised: boolean,
  reasons: (item: ItemIndex, slot: number) => Reason[],
): RecommendAnswer {
  const { titlesBytes, titlesOffsets } = g.tables.catalogue
  return {
    snapshot: g.image.id,
    shop: g.image.manifest.shop,
    personalised,
    items: items.map((item, slot) => ({
      item: itemKeyOf(g, item),
      title: stringAt(titlesBytes.view, titlesOffsets.view, item),
      score: scores[slot],
      priceMinor: g.live.priceMinor[item],
      reasons: namedReasons(g, reasons(item, slot)),
    })),
  }
}

/** Neighbours of one item; nobody's history takes part. */
export function similar(g: Generation, request: SimilarRequest): RecommendAnswer {
  return recommend(g, { ...request, personalise: false }, emptyLiveShopper())
}
