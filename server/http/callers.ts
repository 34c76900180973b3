/**
 * What callers may hold of the server: the memory of bodies that are on their way, answers that they are slow to read, and
 * connections. A body or an answer that is not through in time ends its connection; slowness is looked for from time to time.
 * A request whose body comes with its head costs no entry of a map: maps that see one come and go for each request leave so much
 * behind that collecting it stops the server for 10 ms every few seconds.
 *
 * A connection that sends no whole head is ended by uWebSockets.js itself, which counts 10 s in steps of four: after 8 to 12 s.
 */
import type { HttpResponse, TemplatedApp } from '../../core/native/uws.ts'

export interface CallerLimits {
  /** A body, and an answer, that takes longer ends its connection. */
  slowMs: number
  /** Bytes of bodies that are not whole, of all callers together. */
  bodiesBytes: number
  connections: number
}

export const SWEEP_MS = 250

/** A request whose body is on its way, until it is not awaited any more. */
export interface Awaited {
  readonly res: HttpResponse
  readonly awaitsBody: boolean
}

export class Callers {
  /** Connections ended because their callers were slow; connections that were one too many. */
  slow = 0
  refusedConnections = 0
  connections = 0
  keptBytes = 0
  readonly #limits: CallerLimits
  /** Responses whose body is awaited, or whose answer is being read, to when they must be through; 0: not looked at yet. */
  readonly #open = new Map<HttpResponse, number>()
  /** Since the sockets were read last: most of these are through before they are again. */
  readonly #fresh: Awaited[] = []

  constructor(limits: CallerLimits) {
    this.#limits = limits
  }

  watchConnections(app: TemplatedApp): void {
    // biome-ignore lint/suspicious/useIterableCallbackReturn: no array
    app.filter((res, count) => {
      this.connections += Number(count)
      if (Number(count) < 0 || this.connections <= this.#limits.connections) return
      this.refusedConnections++
      res.close()
    })
  }

  awaitBody(awaited: Awaited): void {
    if (this.#fresh.push(awaited) === 1) setImmediate(() => this.#listFresh())
  }

  #listFresh(): void {
    for (const { res, awaitsBody } of this.#fresh) if (awaitsBody) this.#open.set(res, 0)
    this.#fresh.length = 0
  }

  /** Its body is through, or the caller is gone. */
  left(res: HttpResponse): void {
    if (this.#open.size > 0) this.#open.delete(res)
  }

  /** Counts bytes that are kept, or given back; false: there is no room for more. */
  keep(bytes: number): boolean {
    this.keptBytes += bytes
    return this.keptBytes <= this.#limits.bodiesBytes
  }

  /** Sends a whole answer, in parts where the caller reads slowly. To be called corked. */
  send(res: HttpResponse, body: Uint8Array | string): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const start = res.getWriteOffset()
    const [isTaken, isDone] = res.tryEnd(bytes, bytes.length)
    if (isTaken || isDone) return
    // The bytes may lie in memory of a batch, which the next one takes.
    const rest = Buffer.from(bytes.subarray(res.getWriteOffset() - start))
    const restStart = res.getWriteOffset()
    this.#open.set(res, 0)
    res.onWritable((offset) => {
      const [isRead, isEnd] = res.tryEnd(rest.subarray(offset - restStart), bytes.length)
      if (isEnd) this.#open.delete(res)
      return isRead
    })
  }

  /** Ends connections whose time is over. `now`: any clock, in milliseconds. */
  sweep(now: number): void {
    for (const [res, until] of this.#open)
      if (until === 0) this.#open.set(res, now + this.#limits.slowMs)
      else if (now >= until) {
        this.#open.delete(res)
        this.slow++
        res.close()
      }
  }
}
