/** Live state for decisions without a server: fresh, that of a row of the decision log, or that of the shop's logs. */
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
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
import { ShopperReader } from '../core/store/shoppers.ts'
import { SERVER_DEFAULTS } from '../server/config.ts'
import { LiveCampaigns } from '../server/live/campaigns.ts'
import { type AskedBy, readLive } from '../server/live/read.ts'
import { replay } from '../server/live/replay.ts'
import { LiveState as LiveLogs } from '../server/live/state.ts'
import type { ShopFolders } from './home.ts'
import type { LocalShop } from './local-decisions.ts'

export interface LiveState {
  /** What is live about the shopper of a request. */
  readLive: (asked: AskedBy) => LiveShopperColumns
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

/** Nothing seen of any shopper, nothing spent of the budgets. */
export function freshState({ campaigns }: CampaignFile): LiveState {
  const live = emptyLiveShopper()
  return {
    readLive: () => live,
    remainingMinor: Float64Array.from(campaigns, ({ budgetMinor }) => budgetMinor ?? Number.POSITIVE_INFINITY),
    dualPrices: new Float64Array(campaigns.length),
  }
}

/** What a server of this shop would start with; its catalogue changes are applied to the generation. */
export async function stateOfLogs(folders: ShopFolders, { generation, file }: LocalShop): Promise<LiveState> {
  const logger = pino({ level: 'warn' }, pino.destination(2))
  const state = await LiveLogs.open(folders.log, SERVER_DEFAULTS.liveShoppers, logger)
  const { currency } = generation.image.manifest
  const campaigns = new LiveCampaigns(folders.campaigns, currency, state.budgets, logger)
  await campaigns.look()
  const room = { ...generation, room: generation }
  const { badRows, faults } = await replay(folders.log, state, campaigns, room, Date.now())
  if (badRows > 0) logger.warn({ badRows, faults }, 'log rows not used')
  state.catalogue.applyAll(room)
  const shoppers = new ShopperReader(state.shopperMemory)
  const live = emptyLiveShopper()
  return {
    readLive: (asked) => readLive(generation, shoppers, asked, live),
    remainingMinor: Float64Array.from(file.campaigns, ({ id, budgetMinor }) =>
      budgetMinor === undefined ? Number.POSITIVE_INFINITY : state.budgets.remaining(id),
    ),
    dualPrices: new Float64Array(file.campaigns.length),
  }
}

/** Every request meets the live state of the row, whoever asks. */
export function stateOfRow({ campaigns }: CampaignFile, rowFile: string): LiveState {
  const text = readFileSync(rowFile, 'utf8')
  const row = parseAs<Pick<DecisionRow, 'live' | 'campaigns'>>(rowSchema, parseJson(text))
  const { remainingMinor, budgetDualPrice } = row.campaigns
  if (remainingMinor.length !== campaigns.length || budgetDualPrice.length !== campaigns.length)
    throw new OfferwrightError(
      'conflict',
      `the live state is of ${remainingMinor.length} campaigns, the campaign file has ${campaigns.length}`,
      { field: 'campaigns', value: remainingMinor.length },
    )
  const live = liveShopperFromRow(row.live)
  return {
    readLive: () => live,
    remainingMinor: Float64Array.from(remainingMinor, (left) => left ?? Number.POSITIVE_INFINITY),
    dualPrices: Float64Array.from(budgetDualPrice),
  }
}
