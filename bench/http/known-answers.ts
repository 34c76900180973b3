/**
 * Requests whose answers are known beforehand: they pin their time, so the server must answer, byte for byte, what the
 * scorer answers in this process, a part of which the naive oracle has checked.
 */
import { createHash } from 'node:crypto'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import type { DecideRequest } from '../../core/contract/requests.ts'
import { Decider, type OracleCheck } from '../decider.ts'
import type { AskedShop } from '../request-pool.ts'
import { type Scenario, visitorRequests } from '../requests.ts'

export interface KnownAnswers {
  bodies: string[]
  /** The right answers to each body. */
  expected: string[][]
}

export interface CheckedAnswers extends KnownAnswers {
  oracle: OracleCheck
}

const CHECKED = 50

export async function knownAnswers(
  shop: AskedShop,
  campaigns: CampaignFile,
  { scenario, seed }: { scenario: Scenario; seed: number },
  count: number,
  openDecider = Decider.open,
): Promise<CheckedAnswers> {
  const requests = visitorRequests(shop, scenario, count, seed)
  const pinned = requests.map((request): DecideRequest => ({ ...request, time: shop.time }))
  const decider = await openDecider(shop, campaigns, revisionOf(JSON.stringify(campaigns)))
  const oracle = decider.check(pinned.slice(0, CHECKED))
  return {
    oracle,
    bodies: pinned.map((request) => JSON.stringify(request)),
    expected: pinned.map((request) => [decider.answerText(request)]),
  }
}

/** As the contract says of a decision row: the first 16 hex digits of the SHA-256 of the campaign file. */
export function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
