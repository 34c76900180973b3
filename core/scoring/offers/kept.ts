/** What a shopper holds: offers issued earlier, shown again as they are until they expire or are used. */
import type { BasketOffer, ItemOffer } from '../../contract/answers.ts'
import type { CodeOf } from '../../contract/codes.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import type { LiveShopperColumns } from '../../contract/live.ts'
import type { CartLine } from '../../contract/requests.ts'
import { basketStep, type CompiledCampaigns } from '../campaigns/compile.ts'
import type { Generation } from '../generation.ts'
import { itemHashOf } from '../keys.ts'
import { type OpenTier, qualifyingSubtotal } from './basket.ts'
import { itemOffer } from './item.ts'

/** Of an item that the shopper holds an offer for; a campaign that left the file is withdrawn. */
export function keptItemOffer(
  g: Generation,
  { byHash }: CompiledCampaigns,
  live: LiveShopperColumns,
  item: ItemIndex,
  codeOf?: CodeOf,
): ItemOffer | null {
  if (live.nOffers === 0) return null
  const { lo, hi } = itemHashOf(g, item)
  for (let i = 0; i < live.nOffers; i++) {
    if (live.offerItems[2 * i] !== lo || live.offerItems[2 * i + 1] !== hi) continue
    const campaign = byHash.get(live.offerCampaigns[i])
    const priceMinor = g.live.priceMinor[item]
    if (campaign !== undefined)
      return itemOffer(g, campaign, item, Math.min(priceMinor, live.offerMinor[i]), live.offerUntil[i], codeOf)
  }
  return null
}

/** The basket's offer that a shopper holds, and the tier it promises while the cart is below it. */
export function keptBasketOffer(
  g: Generation,
  { byHash }: CompiledCampaigns,
  live: LiveShopperColumns,
  cart: CartLine[],
): { offer: BasketOffer; open: OpenTier | null } | null {
  for (let i = 0; i < live.nOffers; i++) {
    const thresholdMinor = live.offerThresholds[i]
    const on = thresholdMinor === 0 ? undefined : byHash.get(live.offerCampaigns[i])
    if (on === undefined) continue
    const rewardMinor = live.offerMinor[i]
    const missingMinor = Math.max(0, thresholdMinor - qualifyingSubtotal(g, on, cart))
    const { id: campaign, mechanism } = on
    const offer = { campaign, mechanism, thresholdMinor, rewardMinor, missingMinor, validUntil: live.offerUntil[i] }
    const step = basketStep(on, -1, { thresholdMinor, rewardMinor })
    return { offer, open: missingMinor === 0 ? null : { step, missingMinor } }
  }
  return null
}
