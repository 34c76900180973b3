/** POST /v1/quote: from a body to what a cart costs. Nothing is reserved and nothing logged: an order is an event. */
import type { QuoteRequest } from '../../core/contract/quotes.ts'
import { quote } from '../../core/scoring/cart/quote.ts'
import { requestOf, SCHEMAS, textOf, timeOf } from './asked.ts'
import type { WorkContext } from './context.ts'
import { holderOf } from './decisions.ts'

export function answerQuote(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const request = requestOf<QuoteRequest>(SCHEMAS.quote, textOf(body))
  const time = timeOf(request.time, trusted, now)
  const live = context.readLive(request)
  const holder = holderOf(context, request)
  if (holder !== null) {
    context.kept.lock(holder)
    context.kept.read(holder, time, live)
    context.kept.unlock(holder)
  }
  const { campaigns } = context
  const knownCodes = context.codes.known(request, time, context.personalCodes)
  const answer = quote(context.generation, { request, time, live, campaigns, knownCodes, ...context.remaining() })
  context.results.answerText(200, JSON.stringify(answer))
}
