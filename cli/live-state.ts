/** Live state for decisions without a server: fresh, that of a row of the decision log, or that of the shop's logs. */
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Campaign, CampaignFile } from '../core/contract/campaigns.ts'
import type { DecisionRow } from '../core/contract/decision-row.ts'
import { OfferwrightError } from '../core/contract/errors.ts'
import { emptyLiveShopper, type LiveShopperColumns, liveShopperFromRow } from '../core/contract/live.ts'
import { LoggedLiveShopper } from '../core/contract/logged-live.ts'
import { parseAs, parseJson } from '../core/contract/parse.ts'
import { plannedPrices } from '../core/scoring/campaigns/priced.ts'
import type { DualPrices } from '../core/scoring/dual-prices.ts'
import { hashOf, subjectOf } from '../core/scoring/keys.ts'
import { limitsOfRow } from '../core/scoring/row.ts'
import { type CampaignSlot, limitKey } from '../core/store/budget-words.ts'
import { readSecret } from '../core/store/ledger/personal.ts'
import { spentByCodes } from '../core/store/ledger/spending.ts'
import { ShopperReader } from '../core/store/shoppers.ts'
import { SERVER_DEFAULTS } from '../server/config.ts'
import { LiveCampaigns, limitsOf } from '../server/live/campaigns.ts'
import { endRedeemedOffers } from '../server/live/personal.ts'
import { type AskedBy, readLive } from '../server/live/read.ts'
import { replay } from '../server/live/replay.ts'
import { LiveState as LiveInMemory } from '../server/live/state.ts'
import type { ShopFolders } from './home.ts'
import type { LocalShop } from './local-decisions.ts'

export interface LiveState {
  /** What is live about the shopper of a request. */
  readLive: (asked: AskedBy, time: number) => LiveShopperColumns
  /** By position in the campaign file; Infinity where there is no limit. */
  remainingMinor: Float64Array
  remainingUses: Float64Array
  dualPrices: DualPrices
}

const Time = Type.Number({ minimum: 0 })
const OfCampaigns = Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), Time]))
const RowPart = Type.Object({
  live: LoggedLiveShopper,
  campaigns: Type.Object({
    remainingMinor: OfCampaigns,
    remainingUses: OfCampaigns,
    budgetDualPrice: OfCampaigns,
    stockDualPrice: Type.Optional(OfCampaigns),
    returnDualPrice: Type.Optional(OfCampaigns),
  }),
})
const rowSchema = Compile(RowPart)

/** Nothing seen of any shopper, nothing spent of the budgets. */
export function freshState({ generation, file: { campaigns }, campaigns: { all } }: LocalShop): LiveState {
  const live = emptyLiveShopper()
  return {
    readLive: () => live,
    ...remainingOf(campaigns, (_, limit) => limit),
    dualPrices: plannedPrices(all, generation.image.manifest.model.allocation),
  }
}

/** By position in the file, what is left of each limit; `left` is told its key and how large it is. */
function remainingOf(campaigns: Campaign[], left: (key: string, limit: number) => number) {
  const remaining = (campaign: Campaign, slot: CampaignSlot) => {
    const limit = limitsOf(campaign)[slot]
    return limit === undefined ? Number.POSITIVE_INFINITY : left(limitKey(campaign.id, slot), limit)
  }
  return {
    remainingMinor: Float64Array.from(campaigns, (campaign) => remaining(campaign, 'minor')),
    remainingUses: Float64Array.from(campaigns, (campaign) =>
      Math.min(remaining(campaign, 'uses'), remaining(campaign, 'stock')),
    ),
  }
}

/** What a server of this shop would start with; its catalogue changes are applied to the generation. */
export async function stateOfLogs(
  folders: ShopFolders,
  { generation, file, campaigns: compiled }: LocalShop,
): Promise<LiveState> {
  const logger = pino({ level: 'warn' }, pino.destination(2))
  const state = new LiveInMemory(SERVER_DEFAULTS.liveShoppers, SERVER_DEFAULTS.eventIds)
  const { currency } = generation.image.manifest
  const campaigns = new LiveCampaigns(
    folders.campaigns,
    currency,
    state.budgets,
    () => readSecret(folders.ledger),
    logger,
  )
  await campaigns.look()
  const room = { ...generation, room: generation }
  const { badRows, faults } = await replay(folders.log, state, campaigns, room, Date.now())
  if (badRows > 0) logger.warn({ badRows, faults }, 'log rows not used')
  for (const spent of spentByCodes(folders.ledger)) state.settleSpent(spent, campaigns)
  endRedeemedOffers(folders.ledger, campaigns, state, generation)
  state.catalogue.applyAll(room)
  const shoppers = new ShopperReader(state.shopperMemory)
  const live = emptyLiveShopper()
  return {
    readLive: (asked, time) => {
      readLive(generation, shoppers, asked, live)
      const subject = asked.personalise === false ? null : subjectOf(asked)
      if (subject !== null) state.keptOffers.read(hashOf(generation, subject), time, live)
      return live
    },
    ...remainingOf(file.campaigns, (key) => state.budgets.remaining(key)),
    dualPrices: plannedPrices(compiled.all, generation.image.manifest.model.allocation),
  }
}

/** Every request meets the live state of the row, whoever asks. */
export function stateOfRow({ campaigns }: CampaignFile, rowFile: string): LiveState {
  const text = readFileSync(rowFile, 'utf8')
  const row = parseAs<Pick<DecisionRow, 'live' | 'campaigns'>>(rowSchema, parseJson(text))
  for (const told of Object.values(row.campaigns).flat())
    if (told[0] >= campaigns.length)
      throw new OfferwrightError(
        'conflict',
        `the live state tells of campaign ${told[0] + 1}, the campaign file has ${campaigns.length}`,
        { field: 'campaigns', value: told[0] },
      )
  const live = liveShopperFromRow(row.live)
  return {
    readLive: () => live,
    ...limitsOfRow(row, campaigns.length),
  }
}
