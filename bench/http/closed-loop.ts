/** Closed loop: autocannon, each connection on its own stretch of the requests, the next one when the last is answered. */
import autocannon from 'autocannon'
import { Latency } from './latency.ts'
import type { LoadAnswer, LoadRequests, LoadShape } from './load-child.ts'
import { STAMP, type Stamps } from './request-cycle.ts'

const HEADERS = { 'content-type': 'application/json' }

export async function closedLoop(shape: LoadShape, requests: LoadRequests, stamps: Stamps): Promise<LoadAnswer> {
  const cpu = process.cpuUsage()
  const run = new ClosedRun(shape, requests, stamps)
  const result = await run.load()
  const { user, system } = process.cpuUsage(cpu)
  return {
    ...run.latency.quantiles(),
    requests: run.latency.count,
    requestsPerSecond: run.latency.count / result.duration,
    offeredPerSecond: run.latency.count / result.duration,
    scheduled: run.latency.count,
    sentInTimeShare: 1,
    sentLateP50Ms: 0,
    sentLateP99Ms: 0,
    answerP50Ms: run.latency.quantileMs(0.5),
    failed: result.non2xx + result.errors + result.timeouts,
    compared: run.compared,
    wrong: run.wrong,
    beside: null,
    generatorCpuMicros: user + system,
    histogram: run.latency.encoded(),
  }
}

class ClosedRun {
  readonly latency = new Latency()
  compared = 0
  wrong = 0
  readonly #shape: LoadShape
  readonly #requests: LoadRequests
  readonly #stamps: Stamps
  #client = 0

  constructor(shape: LoadShape, requests: LoadRequests, stamps: Stamps) {
    this.#stamps = stamps
    this.#shape = shape
    this.#requests = requests
  }

  load(): Promise<autocannon.Result> {
    const { port, connections, seconds } = this.#shape
    return new Promise((resolve, reject) =>
      autocannon(
        {
          url: `http://127.0.0.1:${port}`,
          connections,
          duration: seconds,
          setupClient: (each) => each.setRequests(this.#stretch(this.#client++)),
        },
        (error, loaded) => (error ? reject(error) : resolve(loaded)),
      ).on('response', (_client, status, _bytes, ms) => {
        if (status === 200) this.latency.record(ms)
      }),
    )
  }

  /** No two connections have a request in common, so that what one has warmed is not what the next one asks. */
  #stretch(client: number): autocannon.Request[] {
    const { bodies, beside } = this.#requests
    const { connections } = this.#shape
    const from = Math.floor((client * bodies.length) / connections)
    const to = Math.max(from + 1, Math.floor(((client + 1) * bodies.length) / connections))
    const stretch: autocannon.Request[] = []
    for (let at = from; at < to; at++) {
      stretch.push(this.#request(at))
      if (beside !== undefined && (at + 1) % beside.every === 0)
        stretch.push(this.#stamped(beside.path, beside.bodies[at % beside.bodies.length]))
    }
    return stretch
  }

  #request(at: number): autocannon.Request {
    const { path, bodies, expected } = this.#requests
    const { compareEvery } = this.#shape
    const request: autocannon.Request = { method: 'POST', path, headers: HEADERS, body: bodies[at] }
    const wanted = expected?.[at]
    if (wanted === undefined || compareEvery === 0 || at % compareEvery !== 0) return request
    request.onResponse = (_status, body) => {
      this.compared++
      if (!wanted.includes(body)) this.wrong++
    }
    return request
  }

  #stamped(path: string, body: string): autocannon.Request {
    const numbered = () => body.replace(STAMP, this.#stamps.next())
    return {
      method: 'POST',
      path,
      headers: HEADERS,
      setupRequest: (request) => ({ ...request, body: numbered() }),
    }
  }
}
