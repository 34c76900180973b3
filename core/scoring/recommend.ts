/** Items without promotions: the item side of `decide`, for `POST /v1/recommend` and `POST /v1/similar`. */
import type { RecommendAnswer } from '../contract/answers.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../contract/live.ts'
import type { RecommendRequest, SimilarRequest } from '../contract/requests.ts'
import { stringAt } from '../snapshot/strings.ts'
import { DEFAULT_SLOTS, refuseUnknown } from './decide.ts'
import { eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import { gatherHistory } from './history.ts'
import { itemKeyOf } from './keys.ts'
import { namedReasons, reasonsFor } from './reasons.ts'
import { rank } from './score.ts'

export function recommend(g: Generation, request: RecommendRequest, live: LiveShopperColumns): RecommendAnswer {
  refuseUnknown(g, request)
  const history = gatherHistory(g, request, live)
  const ranked = rank(
    g,
    history,
    eligible(g, request, history.purchased),
    request.slots ?? DEFAULT_SLOTS,
    request.candidates,
  )
  const { titlesBytes, titlesOffsets } = g.tables.catalogue
  return {
    snapshot: g.image.id,
    shop: g.image.manifest.shop,
    personalised: history.length > 0 && request.personalise !== false,
    items: ranked.items.map((item, slot) => ({
      item: itemKeyOf(g, item),
      title: stringAt(titlesBytes.view, titlesOffsets.view, item),
      score: ranked.scores[slot],
      priceMinor: g.live.priceMinor[item],
      reasons: namedReasons(g, reasonsFor(g, history, item)),
    })),
  }
}

/** Neighbours of one item; nobody's history takes part. */
export function similar(g: Generation, request: SimilarRequest): RecommendAnswer {
  return recommend(g, { ...request, personalise: false }, emptyLiveShopper())
}
