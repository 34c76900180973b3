/**
 * POST /v1/decide/batch and /v1/recommend/batch: many requests in one call, answered one after the other as single calls
 * would be, each with its answer or with its own refusal. What an earlier one reserves the later ones do not get.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import type { BatchRequest, DecideRequest, RecommendRequest } from '../../core/contract/requests.ts'
import { PIECES } from '../../core/scoring/json-pieces.ts'
import { requestOfValue, SCHEMAS, textOf } from './asked.ts'
import type { WorkContext } from './context.ts'
import { type Written, writeDecision, writeRecommended } from './decisions.ts'

/** One answer: a text, or where in `results.out` it stands within its log row. */
type Part = string | { start: number; end: number }

/** The log rows come first, one after the other; the answers that stand in them are copied behind. */
export function answerDecideBatch(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const { out } = context.results
  const start = out.length
  let count = 0
  const parts = requestsOf(body).map((value): Part => {
    const part = decidePart(context, value, trusted, now)
    if (typeof part !== 'string') count++
    return part
  })
  writeAnswers(context, parts, { start, end: out.length, count })
}

/** A decision that is not logged leaves nothing behind between the rows. */
function decidePart(context: WorkContext, value: unknown, trusted: boolean, now: number): Part {
  const { out } = context.results
  const start = out.length
  try {
    const request = requestOfValue<DecideRequest>(SCHEMAS.decide, value)
    const asked = Buffer.from(JSON.stringify(request))
    const written: Written = writeDecision(context, request, asked, trusted, now)
    if (written.rows !== undefined) return written
    const text = out.view(written.start, written.end).toString()
    out.length = start
    return text
  } catch (error) {
    out.length = start
    return refusalOf(context, error).text
  }
}

export function answerRecommendBatch(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const { out } = context.results
  const parts = requestsOf(body).map((value): Part => {
    const start = out.length
    try {
      writeRecommended(context, requestOfValue<RecommendRequest>(SCHEMAS.recommend, value), trusted, now)
      return { start, end: out.length }
    } catch (error) {
      out.length = start
      return refusalOf(context, error).text
    }
  })
  writeAnswers(context, parts)
}

function requestsOf(body: Buffer): unknown[] {
  return parseAs<BatchRequest>(SCHEMAS.batch, parseJson(textOf(body))).requests
}

function writeAnswers({ results }: WorkContext, parts: Part[], rows?: Written['rows']): void {
  const { out } = results
  const start = out.length
  out.text('{"answers":[')
  parts.forEach((part, i) => {
    if (i > 0) out.piece(PIECES.comma)
    if (typeof part === 'string') out.text(part)
    else out.copy(out.view(part.start, part.end))
  })
  out.piece(PIECES.endOfList)
  results.answer(200, start, out.length, rows)
}

/** One request's fault is that request's answer; a fault of ours is told to the log alone. */
export function refusalOf(context: WorkContext, error: unknown): { status: number; text: string } {
  if (error instanceof OfferwrightError) return { status: error.status, text: JSON.stringify(error) }
  context.results.effects.failures.push((error as Error).stack ?? String(error))
  const hidden = new OfferwrightError('internal', 'the request could not be answered; the server logged why')
  return { status: hidden.status, text: JSON.stringify(hidden) }
}
