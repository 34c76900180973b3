/** What a merchant writes by hand beside the exports: the campaigns and the mapping. */
import type { CampaignFile } from '../../core/contract/campaigns.ts'

/** One promotion of each mechanism, live for decades so that the demo always has something to decide. */
export function demoCampaigns(currency: string): CampaignFile {
  const always = { state: 'live' as const, startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-12-31T23:59:59Z' }
  return {
    version: 1,
    currency,
    policy: { holdoutBps: 500, explorationFloor: 0.005, temperatureMinor: 0, uncertaintyZ: 1 },
    campaigns: [
      {
        id: 'coupon-ladder',
        name: 'Coupon of 5 to 20 percent',
        ...always,
        mechanism: 'coupon',
        code: 'DEMO',
        ladder: [{ percentBps: 500 }, { percentBps: 1000 }, { percentBps: 1500 }, { percentBps: 2000 }],
        budgetMinor: 500_000_000,
        contactCap: { count: 24, days: 1 },
        marginFloorBps: 1000,
        validMinutes: 1440,
      },
      {
        id: 'spend-more',
        name: 'Spend 40.00, take off 4.00; spend 80.00, take off 10.00',
        ...always,
        mechanism: 'spend_threshold',
        ladder: [
          { thresholdMinor: 4000, rewardMinor: 400 },
          { thresholdMinor: 8000, rewardMinor: 1000 },
        ],
        budgetMinor: 500_000_000,
        contactCap: { count: 24, days: 1 },
      },
      {
        id: 'evening-deal',
        name: 'Two hours of 10 to 30 percent on lights, candles and sweets',
        ...always,
        mechanism: 'time_limited',
        ladder: [{ percentBps: 1000 }, { percentBps: 2000 }, { percentBps: 3000 }],
        budgetMinor: 500_000_000,
        targets: { categories: ['Fairy lights', 'Candles', 'Chocolates', 'Tote bags'] },
        marginFloorBps: 500,
        validMinutes: 120,
      },
    ],
  }
}

/** How the exports are to be read, for `offerwright import`. */
export function demoMapping(currency: string): object {
  return {
    version: 1,
    currency,
    events: [
      {
        file: 'events.csv.gz',
        columns: {
          time: 'time',
          shopper: 'shopper',
          kind: 'event',
          item: 'item',
          quantity: 'quantity',
          price: 'price',
          discount: 'discount',
          campaign: 'campaign',
          order: 'order',
        },
      },
    ],
    items: {
      file: 'items.csv.gz',
      columns: {
        item: 'sku',
        title: 'title',
        category: 'category',
        brand: 'brand',
        price: 'price',
        cost: 'cost',
        stock: 'stock',
        available: 'available',
      },
      attributes: {
        colour: { column: 'colour', type: 'text' },
        tags: { column: 'tags', type: 'text', separator: '|' },
        weight: { column: 'weight', type: 'number' },
      },
    },
    shoppers: {
      file: 'shoppers.csv.gz',
      columns: { shopper: 'shopper' },
      attributes: { tier: { column: 'tier', type: 'text' }, channel: { column: 'channel', type: 'text' } },
    },
  }
}
