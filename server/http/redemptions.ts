/** POST /v1/redemptions: a code is used up, and its campaign's budget with it, before the answer goes out. */
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { type RedemptionAnswer, RedemptionRequest } from '../../core/contract/redemptions.ts'
import type { RedemptionDesk } from '../ledger/desk.ts'
import { timeOf } from '../work/asked.ts'

const schema = Compile(RedemptionRequest)

/** `shop`: the one that is served; `now` in milliseconds since 1970. */
export async function answerRedemption(
  desk: RedemptionDesk,
  text: string,
  served: string,
  trusted: boolean,
  now: number,
): Promise<RedemptionAnswer> {
  const { shop = served, time: told, ...asked } = parseAs<RedemptionRequest>(schema, parseJson(text))
  if (shop !== served)
    throw new OfferwrightError('unknown_shop', `unknown shop: ${shop}`, { field: 'shop', value: shop })
  return desk.redeem({ ...asked, time: timeOf(told, trusted, now) })
}
