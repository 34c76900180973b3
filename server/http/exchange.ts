/** One request and its response. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { HttpRequest, HttpResponse } from '../../core/native/uws.ts'
import type { ServerMetrics } from '../metrics.ts'
import type { Callers } from './callers.ts'

const STATUS_TEXT: Record<number, string> = {
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
  413: '413 Payload Too Large',
  422: '422 Unprocessable Content',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
}

const JSON_TYPE = 'application/json; charset=utf-8'
const RETRY_AFTER_S = '1'

export class Exchange {
  /** The response was sent, or the caller went away: nothing may be written any more. */
  isOver = false
  /** Milliseconds from `startedAt` in which the caller wants its answer. */
  deadlineMs = Number.POSITIVE_INFINITY
  /** By `performance.now`. */
  readonly startedAt = performance.now()
  readonly res: HttpResponse
  awaitsBody = false
  readonly #route: string
  readonly #metrics: ServerMetrics
  readonly #callers: Callers
  /** Bytes of a body that are kept until its end comes. */
  #keptBytes = 0

  constructor(res: HttpResponse, route: string, metrics: ServerMetrics, callers: Callers) {
    this.res = res
    this.#route = route
    this.#metrics = metrics
    this.#callers = callers
    metrics.inFlight++
    res.onAborted(() => {
      callers.left(res)
      this.#end(499)
    })
  }

  /** Milliseconds since the request came. */
  get ageMs(): number {
    return performance.now() - this.startedAt
  }

  /** Sends a whole answer, unless the caller went away. */
  answer(status: number, body: Uint8Array | string, options: AnswerOptions = {}): void {
    if (this.isOver) return
    this.#end(status)
    const res = this.res
    res.cork(() => {
      if (status !== 200) res.writeStatus(STATUS_TEXT[status])
      res.writeHeader('content-type', options.type ?? JSON_TYPE)
      if (status === 503) res.writeHeader('retry-after', RETRY_AFTER_S)
      if (status === 401) res.writeHeader('www-authenticate', 'Bearer')
      if (options.allow !== undefined) res.writeHeader('allow', options.allow)
      if (options.isHead === true) res.end()
      else if (options.close === true) res.end(body, true)
      else this.#callers.send(res, body)
    })
  }

  refuse(error: OfferwrightError, options?: AnswerOptions): void {
    this.answer(error.status, JSON.stringify(error), options)
  }

  /**
   * Reads the body and hands it over; the bytes are only there during the call. A body over the limit is answered as
   * soon as it is, and the connection ends.
   */
  readBody(req: HttpRequest, limit: number, take: (body: Uint8Array) => void): void {
    if (Number(req.getHeader('content-length')) > limit) this.#refuseBody(limit)
    else this.#gatherBody(limit, take)
  }

  #gatherBody(limit: number, take: (body: Uint8Array) => void): void {
    let kept: Buffer | null = null
    this.awaitsBody = true
    this.#callers.awaitBody(this)
    this.res.onData((chunk, isLast) => {
      if (this.isOver) return
      const part = new Uint8Array(chunk)
      const length = part.length + (kept?.length ?? 0)
      if (length > limit) this.#refuseBody(limit)
      else if (isLast) {
        this.#releaseBody()
        take(kept === null ? part : Buffer.concat([kept, part]))
      } else if (this.#keep(part.length)) kept = kept === null ? Buffer.from(part) : Buffer.concat([kept, part])
      else this.refuse(fullOfBodies(), { close: true })
    })
  }

  #keep(bytes: number): boolean {
    this.#keptBytes += bytes
    return this.#callers.keep(bytes)
  }

  #releaseBody(): void {
    if (!this.awaitsBody) return
    this.awaitsBody = false
    this.#callers.left(this.res)
    this.#callers.keep(-this.#keptBytes)
    this.#keptBytes = 0
  }

  #refuseBody(limit: number): void {
    this.refuse(
      new OfferwrightError('body_too_large', `body too large: more than ${limit} bytes`, {
        field: 'body',
        value: limit,
      }),
      { close: true },
    )
  }

  #end(status: number): void {
    if (this.isOver) return
    this.isOver = true
    this.#releaseBody()
    this.#metrics.inFlight--
    this.#metrics.observe(this.#route, status, this.ageMs / 1000)
  }
}

function fullOfBodies(): OfferwrightError {
  return new OfferwrightError('overloaded', 'overloaded: too many bodies are on their way; come again later')
}

interface AnswerOptions {
  type?: string
  allow?: string
  /** End the connection too. */
  close?: boolean
  /** To HEAD: a body would be taken for the next answer. */
  isHead?: boolean
}
