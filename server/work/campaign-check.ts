/** POST /v1/campaigns/check: a campaign file against the catalogue that serves. Nothing changes by it. */
import { checkCampaigns } from '../../core/scoring/campaigns/check.ts'
import { textOf } from './asked.ts'
import type { WorkContext } from './context.ts'

export function answerCampaignCheck(context: WorkContext, body: Buffer, _trusted: boolean, now: number): void {
  context.results.answerText(200, JSON.stringify(checkCampaigns(context.generation, textOf(body), now)))
}
