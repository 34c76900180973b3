/** autocannon in a process of its own, each connection on its own stretch of the requests. */
import autocannon from 'autocannon'
import { quantile } from '../statistics.ts'
import { answerParent } from './child.ts'

export interface LoadQuestion {
  port: number
  path: string
  connections: number
  seconds: number
  /** Requests; absent: as many as are answered. */
  perSecond?: number
  bodies: string[]
  /** What each body must be answered, one text of these; absent: only the status is looked at. */
  expected?: string[][]
  /** Every how many requests the answer is compared. */
  compareEvery: number
}

export interface LoadAnswer {
  requests: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Refused, broken off or timed out. */
  failed: number
  compared: number
  wrong: number
}

answerParent<LoadQuestion, LoadAnswer>(async (asked) => {
  const durationsMs: number[] = []
  const compared = { right: 0, wrong: 0 }
  let client = 0
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(
      {
        url: `http://127.0.0.1:${asked.port}`,
        connections: asked.connections,
        duration: asked.seconds,
        overallRate: asked.perSecond,
        setupClient: (each) => each.setRequests(stretch(asked, client++, compared)),
      },
      (error, loaded) => (error ? reject(error) : resolve(loaded)),
    )
    load.on('response', (_client, _status, _bytes, responseMs) => durationsMs.push(responseMs))
  })
  return {
    requests: result['2xx'],
    requestsPerSecond: result['2xx'] / result.duration,
    p50Ms: quantile(durationsMs, 0.5),
    p99Ms: quantile(durationsMs, 0.99),
    failed: result.non2xx + result.errors + result.timeouts,
    compared: compared.right + compared.wrong,
    wrong: compared.wrong,
  }
})

function stretch(
  { path, bodies, expected, connections, compareEvery }: LoadQuestion,
  client: number,
  compared: { right: number; wrong: number },
): autocannon.Request[] {
  const from = Math.floor((client * bodies.length) / connections)
  const headers = { 'content-type': 'application/json' }
  return bodies.map((_, i) => {
    const at = (from + i) % bodies.length
    const request: autocannon.Request = { method: 'POST', path, headers, body: bodies[at] }
    const wanted = expected?.[at]
    if (wanted === undefined || at % compareEvery !== 0) return request
    request.onResponse = (_status, body) => {
      if (wanted.includes(body)) compared.right++
      else compared.wrong++
    }
    return request
  })
}
