/**
 * The TypeScript SDK: asks a server for decisions and tells it what shoppers did. Only `fetch` is needed, so it runs in
 * Node, in a browser and at the edge.
 *
 * A refusal by the server throws `OfferwrightError` with its stable code, field and value; a call that brings no answer
 * throws `NoAnswerError`. Nothing is tried again here: a decision that comes late is of no use to a page.
 */
import type { BatchAnswer, DecideAnswer, RecommendAnswer } from '../core/contract/answers.ts'
import { ERROR_STATUS, type ErrorCode, type Fault, OfferwrightError } from '../core/contract/errors.ts'
import type { ShopperEvent } from '../core/contract/events.ts'
import type { QuoteAnswer, QuoteRequest } from '../core/contract/quotes.ts'
import type {
  RedemptionAnswer,
  RedemptionRequest,
  ReversalAnswer,
  ReversalRequest,
} from '../core/contract/redemptions.ts'
import type { DecideRequest, RecommendRequest, SimilarRequest } from '../core/contract/requests.ts'
import { NoAnswerError } from './errors.ts'

export type { DecideAnswer, DecidedItem, ItemOffer, RecommendAnswer } from '../core/contract/answers.ts'
export { OfferwrightError } from '../core/contract/errors.ts'
export type { ShopperEvent } from '../core/contract/events.ts'
export type { QuoteAnswer, QuoteRequest } from '../core/contract/quotes.ts'
export type {
  RedemptionAnswer,
  RedemptionRequest,
  ReversalAnswer,
  ReversalRequest,
} from '../core/contract/redemptions.ts'
export type { DecideRequest, RecommendRequest, SimilarRequest } from '../core/contract/requests.ts'
export { NoAnswerError } from './errors.ts'

export interface ClientOptions {
  /** `http://127.0.0.1:8080` */
  url: string
  /** Sent as a bearer token; a server without keys wants none. */
  apiKey?: string
  /** Longest wait for a whole answer, in milliseconds; the server is told, and does not begin what would come later. */
  timeoutMs?: number
}

export interface Client {
  /** Which items to show, and which promotion to give with each. */
  decide(request: DecideRequest): Promise<DecideAnswer>
  /** Which items to show, without promotions. */
  recommend(request: RecommendRequest): Promise<RecommendAnswer>
  /** Up to 100 decisions in one call, in their order; one that was refused is its refusal, which is not thrown. */
  decideBatch(requests: DecideRequest[]): Promise<(DecideAnswer | OfferwrightError)[]>
  recommendBatch(requests: RecommendRequest[]): Promise<(RecommendAnswer | OfferwrightError)[]>
  /** Items like one item. */
  similar(request: SimilarRequest): Promise<RecommendAnswer>
  /** What a cart costs under the campaigns of the shop. */
  quote(request: QuoteRequest): Promise<QuoteAnswer>
  /** Reserves a code that is good once, or uses it up with `confirm`. Sent again with the same `id`, it is answered the same. */
  redeem(redemption: RedemptionRequest): Promise<RedemptionAnswer>
  /** Uses up what was reserved under this id, also when it is sent again. */
  confirmRedemption(id: string): Promise<RedemptionAnswer>
  /** Takes a redemption back, all of it or a part; calls a reservation off. Idempotent by the reversal's own `id`. */
  reverseRedemption(id: string, reversal: ReversalRequest): Promise<ReversalAnswer>
  /** Tells what shoppers did; their next answers follow it. */
  track(events: ShopperEvent[]): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 2000
/** Longest that the server takes for a deadline. */
const MOST_DEADLINE_MS = 600_000

export function createClient({ url, apiKey, timeoutMs = DEFAULT_TIMEOUT_MS }: ClientOptions): Client {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-deadline-ms': String(Math.min(MOST_DEADLINE_MS, Math.max(1, timeoutMs))),
  }
  if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`

  async function post<Answer>(path: string, body: object): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMs)
    const { status, text } = await exchange(new URL(path, url), {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal,
    })
    const answer = parsed(text, status)
    if (status >= 400) throw refusal(answer, status)
    return answer as Answer
  }

  async function postBatch<Answer extends object>(path: string, requests: object[]) {
    const { answers } = await post<BatchAnswer<Answer>>(path, { requests })
    return answers.map((answer) => ('error' in answer ? refused(answer.error) : answer))
  }

  return {
    decide: (request) => post('/v1/decide', request),
    recommend: (request) => post('/v1/recommend', request),
    decideBatch: (requests) => postBatch<DecideAnswer>('/v1/decide/batch', requests),
    recommendBatch: (requests) => postBatch<RecommendAnswer>('/v1/recommend/batch', requests),
    similar: (request) => post('/v1/similar', request),
    quote: (request) => post('/v1/quote', request),
    redeem: (redemption) => post('/v1/redemptions', redemption),
    confirmRedemption: (id) => post(`/v1/redemptions/${encodeURIComponent(id)}/confirm`, {}),
    reverseRedemption: (id, reversal) => post(`/v1/redemptions/${encodeURIComponent(id)}/reverse`, reversal),
    track: async (events) => {
      await post('/v1/events', { events })
    },
  }
}

async function exchange(url: URL, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init)
    return { status: response.status, text: await response.text() }
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError'
    if (timedOut) throw new NoAnswerError('timeout', `no answer from ${url} in time`, error)
    throw new NoAnswerError('network', `${url} was not reached`, error)
  }
}

function parsed(text: string, status: number): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch (error) {
    throw new NoAnswerError('protocol', `an answer that is not JSON, with status ${status}`, error)
  }
}

function refusal(answer: unknown, status: number): Error {
  const fault = (answer as { error?: Partial<Fault> } | null)?.error
  if (typeof fault?.message !== 'string' || !isErrorCode(fault.code))
    return new NoAnswerError('protocol', `a refusal of an unknown form, with status ${status}`)
  return refused(fault as Fault)
}

function refused(fault: Fault): OfferwrightError {
  const where: { field?: string; value?: unknown } = {}
  if (fault.field !== undefined) where.field = fault.field
  if ('value' in fault) where.value = fault.value
  return new OfferwrightError(fault.code, fault.message, where)
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code)
}
