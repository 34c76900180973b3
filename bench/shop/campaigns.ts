/** Live campaigns for a synthetic shop: in turn a coupon, a time-limited discount and a spend threshold. */
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import type { PublishedShop } from './publish.ts'
import { brandName, CATEGORIES, categoryName } from './tables.ts'

const DAY_MS = 86_400_000

/** Every third one is for all items, the others for some categories or brands. */
export function liveCampaigns(
  count: number,
  { currency, time }: Pick<PublishedShop, 'currency' | 'time'>,
): CampaignFile {
  return {
    version: 1,
    currency,
    campaigns: Array.from({ length: count }, (_, i) => campaign(i, time)),
  }
}

/** As `liveCampaigns`, with little money, prices, kept offers and a softmax: every guard and every kind of choice comes up. */
export function tightCampaigns(count: number, shop: Pick<PublishedShop, 'currency' | 'time'>): CampaignFile {
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
export function evenCampaigns(
  count: number,
  { currency, time }: Pick<PublishedShop, 'currency' | 'time'>,
): CampaignFile {
  let onItems = 0
  const campaigns = Array.from({ length: count }, (_, i): Campaign => {
    const { targets: _ignored, ...each } = campaign(i, time)
    if (each.mechanism === 'spend_threshold') return each
    const group = onItems++ % TARGET_GROUPS
    return { ...each, targets: { categories: everyNth(categoryName, group) } }
  })
  return { version: 1, currency, campaigns }
}

const everyNth = (name: (code: number) => string, first: number) =>
  Array.from({ length: Math.ceil((CATEGORIES - first) / TARGET_GROUPS) }, (_, i) => name(first + TARGET_GROUPS * i))

function campaign(i: number, time: number): Campaign {
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
    ...(i % 3 === 0 ? {} : { targets: targets(i) }),
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

function targets(i: number): Campaign['targets'] {
  const names = (name: (code: number) => string, count: number) =>
    Array.from({ length: count }, (_, j) => name(i + 8 * j))
  return i % 2 === 0 ? { categories: names(categoryName, 20) } : { brands: names(brandName, 40) }
}
