/** Live state for a decision without a server: fresh, or that of a row of the decision log. */
import { readFileSync } from 'node:fs'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { CampaignFile } from '../core/contract/campaigns.ts'
import type { DecisionRow } from '../core/contract/decision-row.ts'
import { OfferwrightError } from '../core/contract/errors.ts'
import { EVENT_KINDS } from '../core/contract/events.ts'
import {
  emptyLiveShopper,
  LIVE_CONTACTS,
  LIVE_EVENTS,
  type LiveShopperColumns,
  liveShopperFromRow,
} from '../core/contract/live.ts'
import { parseAs, parseJson } from '../core/contract/parse.ts'

export interface LiveState {
  live: LiveShopperColumns
  /** By position in the campaign file; Infinity where there is no limit. */
  remainingMinor: Float64Array
  dualPrices: Float64Array
}

const Time = Type.Number({ minimum: 0 })
const RowPart = Type.Object({
  live: Type.Object({
    events: Type.Array(
      Type.Object({
        itemHash: Type.String({ pattern: '^[0-9a-f]{16}$' }),
        kind: Type.Union(EVENT_KINDS.map((kind) => Type.Literal(kind))),
        time: Time,
      }),
      { maxItems: LIVE_EVENTS },
    ),
    contacts: Type.Array(Type.Object({ campaignHash: Type.String({ pattern: '^[0-9a-f]{8}$' }), time: Time }), {
      maxItems: LIVE_CONTACTS,
    }),
  }),
  campaigns: Type.Object({
    remainingMinor: Type.Array(Type.Union([Type.Number(), Type.Null()])),
    budgetDualPrice: Type.Array(Type.Number({ minimum: 0 })),
  }),
})
const rowSchema = Compile(RowPart)

export function liveStateOf(file: CampaignFile, rowFile?: string): LiveState {
  return rowFile === undefined ? freshState(file) : stateOfRow(file, readFileSync(rowFile, 'utf8'))
}

/** Nothing seen of the shopper, nothing spent of the budgets. */
function freshState({ campaigns }: CampaignFile): LiveState {
  return {
    live: emptyLiveShopper(),
    remainingMinor: Float64Array.from(campaigns, ({ budgetMinor }) => budgetMinor ?? Number.POSITIVE_INFINITY),
    dualPrices: new Float64Array(campaigns.length),
  }
}

function stateOfRow({ campaigns }: CampaignFile, text: string): LiveState {
  const row = parseAs<Pick<DecisionRow, 'live' | 'campaigns'>>(rowSchema, parseJson(text))
  const { remainingMinor, budgetDualPrice } = row.campaigns
  if (remainingMinor.length !== campaigns.length || budgetDualPrice.length !== campaigns.length)
    throw new OfferwrightError(
      'conflict',
      `the live state is of ${remainingMinor.length} campaigns, the campaign file has ${campaigns.length}`,
      { field: 'campaigns', value: remainingMinor.length },
    )
  return {
    live: liveShopperFromRow(row.live),
    remainingMinor: Float64Array.from(remainingMinor, (left) => left ?? Number.POSITIVE_INFINITY),
    dualPrices: Float64Array.from(budgetDualPrice),
  }
}
