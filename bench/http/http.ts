/**
 * What does a decision over HTTP cost, beside the least that a JSON API costs, and how long does it take? The real server and a
 * bare handler run at the same time and take the same load in turn, round by round: a closed loop (autocannon) that tells CPU time
 * a request and how many are answered, then an open loop at a fixed rate that tells latency from the intended arrival. Figures
 * are medians over rounds; the first round only warms up. Answers are compared with known ones all the while; a wrong one is an
 * error, not a figure.
 */
import { setTimeout } from 'node:timers/promises'
import type { BareSetup } from './bare-child.ts'
import { Generator } from './generator.ts'
import { type HttpReport, reportOf } from './http-report.ts'
import { Listener } from './listener.ts'
import type { LoadShape } from './load-child.ts'
import { measure, type Round } from './measure.ts'
import { HTTP_SCENARIOS } from './scenarios.ts'
import { type Served, type ServedOptions, serve } from './served.ts'

export interface HttpBench extends ServedOptions {
  /** Of the closed loop. */
  connections: number
  /** Arrivals of the open loop; absent: `OPEN_SHARE` of what the closed loop reached while warming up. */
  perSecond?: number
  /** Of each stretch of load. */
  seconds: number
  rounds: number
}

export interface HttpRound {
  closed: { server: Round; bare: Round }
  open: { server: Round; bare: Round }
  /** The open loop again while a snapshot is swapped; null: the scenario has no swap. */
  swapping: Round | null
  /** From the middle of that stretch of load to the first answer of the new snapshot. */
  swapMs: number
}

export const OPEN_SHARE = 0.5
/** Enough that an arrival finds a free one while the server keeps up. */
export const OPEN_CONNECTIONS = 128
const COMPARE_EVERY = 16
/** As many objects as a handler may hold that does nothing else. */
export const BARE_ANSWERS = 2000

export async function benchHttp(options: HttpBench, say: (line: string) => void): Promise<HttpReport> {
  const served = await serve(options, say)
  const bare = new Listener<BareSetup>(new URL('./bare-child.js', import.meta.url))
  const generator = new Generator()
  try {
    const { expected } = served.requests
    const texts = expected.slice(0, Math.ceil(BARE_ANSWERS / served.decisions))
    await bare.listen({ answers: texts.map(([text]) => JSON.parse(text) as object) })
    say('warming up')
    await closedRound(served, bare, generator, options)
    const warm = await closedRound(served, bare, generator, options)
    const perSecond = options.perSecond ?? OPEN_SHARE * warm.server.requestsPerSecond
    const rounds: HttpRound[] = []
    for (let round = 0; round <= options.rounds; round++) {
      if (round > 0) say(`round ${round} of ${options.rounds}`)
      const closed = round === 0 ? warm : await closedRound(served, bare, generator, options)
      rounds.push({ closed, ...(await openRound(served, bare, generator, options, perSecond, round)) })
    }
    return reportOf(options, served, perSecond, rounds.slice(1))
  } finally {
    await Promise.all([generator.stop(), served.stop(), bare.stop()])
  }
}

export async function closedRound(
  served: Pick<Served, 'server' | 'requests'>,
  bare: Listener<BareSetup>,
  generator: Generator,
  { connections, seconds }: Pick<HttpBench, 'connections' | 'seconds'>,
): Promise<HttpRound['closed']> {
  const shape = { connections, seconds, compareEvery: COMPARE_EVERY }
  return {
    server: await measure(served.server, generator, served.requests, shape),
    bare: await measure(bare, generator, served.requests, { ...shape, compareEvery: 0 }),
  }
}

async function openRound(
  served: Served,
  bare: Listener<BareSetup>,
  generator: Generator,
  { seconds, scenario }: HttpBench,
  perSecond: number,
  seed: number,
): Promise<Omit<HttpRound, 'closed'>> {
  const shape = openShape(perSecond, seconds, seed)
  const open = {
    server: await measure(served.server, generator, served.requests, shape),
    bare: await measure(bare, generator, served.requests, { ...shape, compareEvery: 0 }),
  }
  if (!HTTP_SCENARIOS[scenario].hasSwap) return { open, swapping: null, swapMs: 0 }
  const swapped = setTimeout(500 * seconds).then(() => served.swap())
  const swapping = await measure(served.server, generator, served.requests, shape)
  return { open, swapping, swapMs: await swapped }
}

/** Every answer is compared: equal bytes are cheap to tell. */
export function openShape(perSecond: number, seconds: number, seed: number): Omit<LoadShape, 'port'> {
  return { connections: OPEN_CONNECTIONS, seconds, perSecond, seed, compareEvery: 1 }
}
