/** From a body's bytes to a typed request: the door of every route that a worker answers. */
import { isUtf8 } from 'node:buffer'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { checkCondition } from '../../core/contract/conditions.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { EventsRequest } from '../../core/contract/events.ts'
import type { Filters } from '../../core/contract/filters.ts'
import { parseAs, parseInstant, parseJson } from '../../core/contract/parse.ts'
import { QuoteRequest } from '../../core/contract/quotes.ts'
import { BatchRequest, DecideRequest, RecommendRequest, SimilarRequest } from '../../core/contract/requests.ts'

type Schema = Validator<Record<never, never>, TSchema>

export const SCHEMAS = {
  decide: Compile(DecideRequest),
  recommend: Compile(RecommendRequest),
  similar: Compile(SimilarRequest),
  events: Compile(EventsRequest),
  batch: Compile(BatchRequest),
  quote: Compile(QuoteRequest),
}

export function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new OfferwrightError('invalid_json', 'invalid JSON: the body is not UTF-8')
  return body.toString('utf8')
}

export function requestOf<T>(schema: Schema, text: string): T {
  return requestOfValue<T>(schema, parseJson(text))
}

/** Of what was parsed already. */
export function requestOfValue<T>(schema: Schema, value: unknown): T {
  const request = parseAs<T & { filters?: Filters }>(schema, value)
  if (request.filters?.where !== undefined) checkCondition(request.filters.where, 'filters.where')
  return request
}

/** The caller's time where it is trusted to tell one, the server's otherwise. */
export function timeOf(told: number | string | undefined, trusted: boolean, now: number, field = 'time'): number {
  if (told === undefined) return now
  if (!trusted)
    throw new OfferwrightError('time_not_trusted', `${field} is not yours to tell: this key is not trusted with it`, {
      field,
      value: told,
    })
  return parseInstant(told, field)
}
