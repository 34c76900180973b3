/** Requests decided by the scorer that serves, for what each action is worth and would use, before anything has a price. */

import type { ConsideredAction } from '../../core/contract/answers.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { liveShopperFromRow } from '../../core/contract/live.ts'
import type { CompiledCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import type { ExpectedTraffic } from './logged-requests.ts'
import type { PlannedRequest } from './plan.ts'

export interface WeighedRequests {
  /** One for every choice: each slot's, and the basket's. Those that nothing was open for are among them. */
  choices: PlannedRequest[]
  answered: number
  /** Requests that cannot be answered any more: of an item that is gone, for instance. */
  refused: number
}

export function weighRequests(
  g: Generation,
  campaigns: CompiledCampaigns,
  { requests }: Pick<ExpectedTraffic, 'requests'>,
): WeighedRequests {
  const count = campaigns.all.length
  const unlimited = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const free = noPrices(count)
  const choices: PlannedRequest[] = []
  let answered = 0
  let refused = 0
  for (const { request, time, live } of requests) {
    try {
      const { slots, basketChoice } = decide(g, {
        request: { ...request, explain: true },
        time,
        live: liveShopperFromRow(live),
        campaigns,
        remainingMinor: unlimited,
        remainingUses: unlimited,
        dualPrices: free,
        codeOf: (campaign) => campaign,
      })
      for (const { considered } of [...slots.map(({ choice }) => choice), basketChoice])
        choices.push({ timeMs: time, actions: plannedActions(considered) })
      answered++
    } catch (error) {
      if (!(error instanceof OfferwrightError)) throw error
      refused++
    }
  }
  return { choices, answered, refused }
}

function plannedActions(considered: ConsideredAction[]): PlannedRequest['actions'] {
  return considered
    .filter(({ droppedBy }) => droppedBy === null)
    .map(({ campaign, valueMinor, purchaseProbability, discountMinor, incrementalMarginMinor }) => ({
      campaignId: campaign,
      valueMinor,
      costMinor: purchaseProbability * discountMinor,
      useProbability: purchaseProbability,
      marginMinor: incrementalMarginMinor,
    }))
}
