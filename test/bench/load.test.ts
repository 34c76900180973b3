import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { arrivals } from '../../bench/http/arrivals.ts'
import { Generator } from '../../bench/http/generator.ts'
import { merged } from '../../bench/http/latency.ts'
import { STAMP } from '../../bench/http/request-cycle.ts'

const REQUESTS = { path: '/', bodies: ['"a"', '"bb"', '"ccc"'], expected: [['"a"'], ['"bb"'], ['"ccc"']] }
const SHAPE = { connections: 8, seconds: 1, perSecond: 300, seed: 1, compareEvery: 1 }

describe('the open loop', () => {
  const open: { server: Server; generator: Generator }[] = []

  /** Answers what it is sent, as `answer` has it; `pauseMs` once, at the first request. */
  async function started(answer: (body: string) => string, pauseMs = 0) {
    let pausedUntil = 0
    const server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk) => chunks.push(chunk))
      req.on('end', () => {
        if (pausedUntil === 0) pausedUntil = performance.now() + pauseMs
        const text = answer(Buffer.concat(chunks).toString())
        const head = { 'content-length': Buffer.byteLength(text) }
        setTimeout(() => res.writeHead(200, head).end(text), Math.max(0, pausedUntil - performance.now()))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const generator = new Generator()
    open.push({ server, generator })
    return { generator, shape: { ...SHAPE, port: (server.address() as AddressInfo).port } }
  }

  afterEach(async () => {
    for (const { server, generator } of open.splice(0)) {
      await generator.stop()
      server.close()
    }
  })

  it('draws arrivals that repeat for a seed, ascend and come at the rate asked for', () => {
    const times = arrivals(1000, 20, 3)
    expect([...arrivals(1000, 20, 3)]).toEqual([...times])
    expect([...times].every((time, i) => i === 0 || time >= times[i - 1])).toBe(true)
    expect(Math.abs(times.length - 20_000)).toBeLessThan(5 * Math.sqrt(20_000))
    const gaps = [...times].slice(1).map((time, i) => time - times[i])
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const squares = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    expect(Math.sqrt(squares) / mean).toBeCloseTo(1, 1)
  })

  it('sends what arrives, compares every answer, and counts a wrong one', async () => {
    const { generator, shape } = await started((body) => (body === '"bb"' ? '"b!"' : body))
    const found = await generator.run(REQUESTS, shape)
    expect(found).toMatchObject({ requests: found.scheduled, failed: 0, compared: found.scheduled })
    expect(found.wrong).toBeGreaterThan(0)
    expect(Math.abs(found.wrong - found.scheduled / 3)).toBeLessThanOrEqual(1)
  })

  it('counts the wait of arrivals behind a server that stands still', async () => {
    const { generator, shape } = await started((body) => body, 500)
    const found = await generator.run(REQUESTS, shape)
    expect(found.requests).toBe(found.scheduled)
    // Half of the arrivals came in the half second: their median wait is a quarter of it.
    expect(found.p90Ms).toBeGreaterThan(300)
    expect(found.sentLateP99Ms).toBeGreaterThan(300)
    expect(JSON.stringify(merged([found.histogram, found.histogram])).length).toBeGreaterThan(10)
  })

  it('calls a load void that it could not send in time', async () => {
    const { generator, shape } = await started((body) => body, 1500)
    const found = await generator.run(REQUESTS, shape)
    expect(found.sentInTimeShare).toBeLessThan(0.95)
  })

  it('gives each request beside the others a number of its own', async () => {
    const ids = new Set<string>()
    let sent = 0
    const { generator, shape } = await started((body) => {
      if (!body.startsWith('{')) return body
      sent++
      ids.add(body)
      return '{}'
    })
    const beside = { path: '/e', bodies: [`{"id":"${STAMP}"}`], every: 10 }
    const found = await generator.run({ ...REQUESTS, beside }, shape)
    expect(found.beside?.requests).toBe(Math.floor(found.scheduled / 11))
    expect(ids.size).toBe(sent)
    expect(found.requests + sent).toBe(found.scheduled)
  })
})
