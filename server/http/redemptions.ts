/** Codes that are good once, over HTTP: what is answered is in the ledger. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { CODE_LENGTH, parsePrefix } from '../../core/contract/codes.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseInstant, parseJson } from '../../core/contract/parse.ts'
import {
  type CodesAnswer,
  CodesRequest,
  type RedemptionAnswer,
  RedemptionRequest,
  type ReversalAnswer,
  ReversalRequest,
} from '../../core/contract/redemptions.ts'
import type { Redemption } from '../../core/store/ledger/redemptions.ts'
import type { LedgerDesk } from '../ledger/desk.ts'
import type { LiveCampaigns } from '../live/campaigns.ts'
import { timeOf } from '../work/asked.ts'

const codesSchema = Compile(CodesRequest)
const redemptionSchema = Compile(RedemptionRequest)
const reversalSchema = Compile(ReversalRequest)
const confirmationSchema = Compile(Type.Object({}, { additionalProperties: false }))

/** Makes codes of a campaign. Throws `not_found` where none serves that has such codes. `now`: milliseconds since 1970. */
export async function answerCodes(
  desk: LedgerDesk,
  campaigns: LiveCampaigns,
  campaign: string,
  text: string,
  now: number,
): Promise<CodesAnswer> {
  const asked = parseAs<CodesRequest>(codesSchema, parseJson(text))
  const { count, shoppers, prefix = '', length = CODE_LENGTH.default } = asked
  const wanted = shoppers ?? count
  if (wanted === undefined || (shoppers !== undefined && count !== undefined))
    throw new OfferwrightError('missing_field', 'missing field: count (it or shoppers, one of the two)', {
      field: 'count',
    })
  if (!campaigns.redemptionTerms.has(campaign))
    throw new OfferwrightError('not_found', `no campaign ${campaign} with "codes": "single_use"`, {
      field: 'id',
      value: campaign,
    })
  const expiresAt = asked.expiresAt === undefined ? null : parseInstant(asked.expiresAt, 'expiresAt')
  const order = { campaign, prefix: parsePrefix(prefix), length, expiresAt, for: wanted }
  return { campaign, expiresAt, codes: await desk.make(order, now) }
}

/** Reserves a code, or uses it up. `served`: the shop; `withOffers` adds what is live of the shopper; `now` in milliseconds since 1970. */
export async function answerRedemption(
  desk: LedgerDesk,
  text: string,
  served: string,
  withOffers: (asked: Redemption) => Redemption,
  trusted: boolean,
  now: number,
): Promise<RedemptionAnswer> {
  const { shop = served, time: told, ...asked } = parseAs<RedemptionRequest>(redemptionSchema, parseJson(text))
  if (shop !== served)
    throw new OfferwrightError('unknown_shop', `unknown shop: ${shop}`, { field: 'shop', value: shop })
  return desk.redeem(withOffers({ ...asked, time: timeOf(told, trusted, now) }))
}

/** Uses up what was reserved. The body is empty, or an empty object. */
export async function answerConfirmation(
  desk: LedgerDesk,
  id: string,
  text: string,
  now: number,
): Promise<RedemptionAnswer> {
  if (text !== '') parseAs(confirmationSchema, parseJson(text))
  return desk.confirm(id, now)
}

/** Takes a redemption back, all of it or a part. */
export async function answerReversal(
  desk: LedgerDesk,
  redemption: string,
  text: string,
  now: number,
): Promise<ReversalAnswer> {
  return desk.reverse({ ...parseAs<ReversalRequest>(reversalSchema, parseJson(text)), redemption, time: now })
}
