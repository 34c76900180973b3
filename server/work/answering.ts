/** Answers batches of requests on a generation, in whichever thread. One request's fault is that request's answer. */
import { answerDecideBatch, answerRecommendBatch, refusalOf } from './batches.ts'
import { answerCampaignCheck } from './campaign-check.ts'
import type { WorkContext } from './context.ts'
import { answerDecide, answerRecommend, answerSimilar } from './decisions.ts'
import { answerEvents } from './events.ts'
import { type BatchAnswer, type BatchReader, type BatchTask, LACKS_CAMPAIGNS, type WorkRoute } from './messages.ts'
import { answerQuote } from './quotes.ts'

type Answering = (context: WorkContext, body: Buffer, trusted: boolean, now: number, degraded: boolean) => void

const ANSWERING: Record<WorkRoute, Answering> = {
  decide: answerDecide,
  recommend: answerRecommend,
  similar: answerSimilar,
  events: answerEvents,
  decideBatch: answerDecideBatch,
  recommendBatch: answerRecommendBatch,
  quote: answerQuote,
  campaignCheck: answerCampaignCheck,
}

/** In place of the status of an answer that nobody waits for. */
const NOT_ASKED = 0

export function answerBatch(context: WorkContext, task: BatchTask): BatchAnswer {
  if (!context.hasCampaigns(task)) return LACKS_CAMPAIGNS
  const batch = context.begin(task)
  const { results } = context
  for (let i = 0; i < batch.count; i++)
    if (batch.isSkipped(i)) results.answer(NOT_ASKED, 0, 0)
    else answerOne(context, batch, i, task.time)
  return results.finish()
}

function answerOne(context: WorkContext, batch: BatchReader, i: number, now: number): void {
  const { results } = context
  const start = results.out.length
  const { length: events } = results.effects.events
  try {
    ANSWERING[batch.route(i)](context, batch.body(i), batch.isTrusted(i), now, batch.isDegraded(i))
  } catch (error) {
    results.out.length = start
    results.effects.events.length = events
    const { status, text } = refusalOf(context, error)
    results.answerText(status, text)
  }
}
