/** Live campaigns for a synthetic shop: in turn a coupon, a time-limited discount and a spend threshold. */
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import type { AskedShop } from '../request-pool.ts'

const DAY_MS = 86_400_000
/** Shares of the categories and of the brands that a campaign on some of them targets. */
const TARGETED = { categories: 0.1, brands: 0.08 }

export type CampaignShop = Pick<AskedShop, 'currency' | 'time' | 'categories' | 'brands'>

/** Every third one is for all items, the others for some categories or brands, where the shop has any. */
export function liveCampaigns(count: number, shop: CampaignShop): CampaignFile {
  return {
    version: 1,
    currency: shop.currency,
    campaigns: Array.from({ length: count }, (_, i) => campaign(i, shop)),
  }
}

/** As `liveCampaigns`, with little money, prices, kept offers and a softmax: every guard and every kind of choice comes up. */
export function tightCampaigns(count: number, shop: CampaignShop): CampaignFile {
  const file = liveCampaigns(count, shop)
  return {
    ...file,
    policy: { explorationFloor: 0.01, temperatureMinor: 2, holdoutBps: 500 },
    campaigns: file.campaigns.map(({ contactCap: _, ...campaign }, i) => ({
      ...campaign,
      budgetMinor: 500_000 * (i + 1),
      limits: i % 5 === 0 ? { total: 2000 } : {},
      ...(i % 2 === 0 ? { pacing: 'even' as const } : { returnFloorBps: 20_000 }),
      validMinutes: i % 2,
    })),
  }
}

/** Groups of categories that campaigns on items take turns with in `evenCampaigns`. */
export const TARGET_GROUPS = 6

/** As `liveCampaigns`, but each item is targeted by as many as any other; spend thresholds are for all items. */
export function evenCampaigns(count: number, shop: CampaignShop): CampaignFile {
  let onItems = 0
  const campaigns = Array.from({ length: count }, (_, i): Campaign => {
    const { targets: _ignored, ...each } = campaign(i, shop)
    if (each.mechanism === 'spend_threshold') return each
    const group = onItems++ % TARGET_GROUPS
    return { ...each, targets: { categories: everyNth(shop.categories, group) } }
  })
  return { version: 1, currency: shop.currency, campaigns }
}

const everyNth = (names: string[], first: number) => names.filter((_, code) => code % TARGET_GROUPS === first)

function campaign(i: number, { time, categories, brands }: CampaignShop): Campaign {
  const targets = i % 3 === 0 ? undefined : targetsOf(i, categories, brands)
  const common = {
    id: `campaign-${i}`,
    state: 'live' as const,
    startsAt: time - 30 * DAY_MS,
    endsAt: time + 365 * DAY_MS,
    budgetMinor: 1_000_000_000_000,
    contactCap: { count: 5, days: 7 },
    marginFloorBps: 500,
    // So that a shopper who asks again costs a whole choice again, and is answered the same.
    validMinutes: 0,
    ...(targets === undefined ? {} : { targets }),
  }
  if (i % 4 === 3)
    return {
      ...common,
      mechanism: 'spend_threshold',
      ladder: [
        { thresholdMinor: 5_000, rewardMinor: 500 },
        { thresholdMinor: 10_000, rewardMinor: 1_200 },
      ],
    }
  return {
    ...common,
    mechanism: i % 4 === 1 ? 'time_limited' : 'coupon',
    ladder: [{ percentBps: 500 }, { percentBps: 1000 }, { percentBps: 2000 }],
  }
}

function targetsOf(i: number, categories: string[], brands: string[]): Campaign['targets'] {
  const isOnCategories = brands.length === 0 || (i % 2 === 0 && categories.length > 0)
  const [names, share] = isOnCategories ? [categories, TARGETED.categories] : [brands, TARGETED.brands]
  if (names.length === 0) return undefined
  const count = Math.max(1, Math.floor(share * names.length))
  const some = Array.from({ length: count }, (_, j) => names[(i + 8 * j) % names.length])
  return isOnCategories ? { categories: some } : { brands: some }
}
