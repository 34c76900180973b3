/** What the closed loop plays: a small shop, two periods of visits, and the campaigns that both run. */
import type { CampaignFile } from '../../../core/contract/campaigns.ts'
import { DEFAULT_HIDDEN_RESPONSE } from '../parameters.ts'

export interface Scenario {
  items: number
  shoppers: number
  /** Of the year before the loop, from which the first snapshot is trained. */
  events: number
  /** Days in which offers are explored and logged, and days in which every policy is measured. */
  learningDays: number
  days: number
  /** About; of all shoppers together. */
  visitsPerDay: number
  slots: number
  /** The budgets, as a share of what the informed policy would spend without any. */
  budgetShare: number
  /** Probability of each action while policies are measured, of ours alone; 0: nothing is explored any more. */
  explorationFloor: number
  /** Of the truth: share of the variance of the response that a shop cannot see. */
  hiddenResponse: number
}

export const DEFAULT_SCENARIO: Scenario = {
  items: 1500,
  shoppers: 12_000,
  events: 360_000,
  learningDays: 28,
  days: 28,
  visitsPerDay: 2800,
  slots: 10,
  budgetShare: 0.5,
  explorationFloor: 0,
  hiddenResponse: DEFAULT_HIDDEN_RESPONSE,
}

/** While learning, so high a temperature that all actions are as likely. */
const EVENLY = 1_000_000

export type Phase = 'learning' | 'serving'

/**
 * A ladder of coupons on everything and a deeper one for a few hours on some categories, each on a budget of its own.
 * Amounts of budgets are not in the file: the loop keeps an account for each policy.
 */
export function scenarioCampaigns(currency: string, phase: Phase, explorationFloor: number): CampaignFile {
  const always = { state: 'live' as const, startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-12-31T23:59:59Z' }
  return {
    version: 1,
    currency,
    policy: {
      holdoutBps: 500,
      explorationFloor: phase === 'learning' ? 0 : explorationFloor,
      temperatureMinor: phase === 'learning' ? EVENLY : 0,
      uncertaintyZ: 0,
      ranking: 'items_first',
    },
    campaigns: [
      {
        id: 'coupon',
        ...always,
        mechanism: 'coupon',
        ladder: [{ percentBps: 500 }, { percentBps: 1000 }, { percentBps: 1500 }, { percentBps: 2000 }],
        contactCap: { count: 24, days: 7 },
        marginFloorBps: 1000,
      },
      {
        id: 'evening-deal',
        ...always,
        mechanism: 'time_limited',
        ladder: [{ percentBps: 1000 }, { percentBps: 2000 }, { percentBps: 3000 }],
        targets: { categories: ['Fairy lights', 'Candles', 'Chocolates', 'Tote bags', 'Jigsaws', 'Blankets'] },
        contactCap: { count: 12, days: 7 },
        marginFloorBps: 500,
        validMinutes: 120,
      },
    ],
  }
}
