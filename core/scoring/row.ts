/** Between a decision and its log row: the row keeps every argument, so the decision can be made again from it. */
import { DECISION_ROW_VERSION, type DecisionRow } from '../contract/decision-row.ts'
import { liveShopperFromRow, liveShopperToRow } from '../contract/live.ts'
import type { CompiledCampaigns } from './campaigns.ts'
import { catalogueSequence } from './catalogue.ts'
import type { DecideArguments, Decision } from './decide.ts'
import type { Generation } from './generation.ts'

export function decisionRow(g: Generation, args: DecideArguments, decision: Decision, trusted: boolean): DecisionRow {
  return {
    v: DECISION_ROW_VERSION,
    shop: g.image.manifest.shop,
    snapshot: g.image.id,
    campaignRevision: args.campaigns.revision,
    catalogueRevision: catalogueSequence(g.live) >> 1,
    time: args.time,
    trusted,
    request: args.request,
    live: liveShopperToRow(args.live),
    campaigns: {
      remainingMinor: Array.from(args.remainingMinor, (left) => (left === Number.POSITIVE_INFINITY ? null : left)),
      budgetDualPrice: Array.from(args.dualPrices),
    },
    answer: decision.answer,
    propensities: decision.propensities,
  }
}

/**
 * The arguments of a logged decision. `campaigns` is the row's `campaignRevision` compiled for the row's snapshot,
 * whose live columns must stand at the row's `catalogueRevision`.
 */
export function argumentsOfRow(row: DecisionRow, campaigns: CompiledCampaigns): DecideArguments {
  return {
    request: row.request,
    time: row.time,
    live: liveShopperFromRow(row.live),
    campaigns,
    remainingMinor: Float64Array.from(row.campaigns.remainingMinor, (left) => left ?? Number.POSITIVE_INFINITY),
    dualPrices: Float64Array.from(row.campaigns.budgetDualPrice),
  }
}
