/**
 * What do durable events cost, and what do they cost decisions beside them? Decisions come at a fixed rate, alone and beside
 * 5,000 events a second in turn, round by round, in one run; the figure is the median over rounds of the ratio of their p99s.
 * Answers are compared with known ones all the while: the events are of visitors who ask for nothing.
 */
import { availableParallelism } from 'node:os'
import { Generator } from '../http/generator.ts'
import { benchHome } from '../http/home.ts'
import { knownAnswers } from '../http/known-answers.ts'
import { DECIDE_PATH, Listener } from '../http/listener.ts'
import type { BesideAnswer, LoadAnswer, LoadRequests, LoadShape } from '../http/load-child.ts'
import type { ServerSetup } from '../http/offerwright-child.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { publishedShop } from '../shop/publish.ts'
import { median } from '../statistics.ts'
import { type LogCost, logCost } from './log-cost.ts'
import { type Restart, restartCost } from './restart.ts'
import { eventBodies, rowOf, visitorEvents } from './rows.ts'

export interface EventsBench {
  items: number
  shoppers: number
  campaigns: number
  /** Wanted, a second. */
  eventsPerSecond: number
  decisionsPerSecond: number
  seconds: number
  rounds: number
  /** In the log that a server starts with. */
  restartEvents: number
  seed: number
}

export interface EventsReport {
  bench: 'events'
  eventsPerSecond: number
  decisionsPerSecond: number
  p99RatioToWithout: number
  p99Ms: number
  p99WithoutMs: number
  eventP99Ms: number
  /** CPU time that a durable event adds to the server's, all threads. */
  cpuMicrosPerEvent: number
  failed: number
  compared: number
  wrong: number
  log: LogCost
  restart: Restart
}

const EVENTS_PATH = '/v1/events'
const PER_REQUEST = 20
const CONNECTIONS = 8
const DISTINCT_REQUESTS = 4000
const COMPARE_EVERY = 16
const LOG_ROWS = 10_000
const LOG_BATCH = 25

interface Paired {
  alone: LoadAnswer
  /** With events. */
  beside: LoadAnswer
  /** CPU time of the server, decisions alone and beside events. */
  cpuMicros: { alone: number; beside: number }
}

export async function benchEvents(options: EventsBench, say: (line: string) => void): Promise<EventsReport> {
  const { items, shoppers, seed, campaigns } = options
  const rows = visitorEvents(LOG_ROWS, items, seed).map((event) => rowOf(event, Date.now()))
  say('the log beside bare writes')
  const log = await logCost(rows, LOG_BATCH, options.rounds)
  const shop = await publishedShop({ items, shoppers, seed }, say)
  const file = liveCampaigns(campaigns, shop)
  say('starting with a log')
  const restart = await restartCost(file, shop.store, options.restartEvents, items)
  const known = await knownAnswers(shop, file, { scenario: 'known', seed }, DISTINCT_REQUESTS)
  const home = await benchHome(file, shop.store)
  const server = new Listener<ServerSetup>(new URL('../http/offerwright-child.js', import.meta.url))
  const generator = new Generator()
  const decisions = { ...known, path: DECIDE_PATH }
  const eventRequests = options.eventsPerSecond / PER_REQUEST
  try {
    await server.listen({ home: home.home, workers: availableParallelism() })
    say('warming up')
    await generator.run(withEvents(options, decisions, 0), shape(options, server.port))
    const paired: Paired[] = []
    for (let round = 1; round <= options.rounds; round++) {
      say(`round ${round} of ${options.rounds}`)
      const startedAt = await server.cpuMicros()
      const alone = await generator.run(decisions, shape(options, server.port, options.decisionsPerSecond))
      const pausedAt = await server.cpuMicros()
      const beside = await generator.run(
        withEvents(options, decisions, round),
        shape(options, server.port, options.decisionsPerSecond + eventRequests),
      )
      const cpuMicros = { alone: pausedAt - startedAt, beside: (await server.cpuMicros()) - pausedAt }
      paired.push({ alone, beside, cpuMicros })
    }
    return { ...reportOf(options, paired), log, restart }
  } finally {
    await Promise.all([generator.stop(), server.stop()])
    await home.remove()
  }
}

/**
 * Without a rate as much as the server takes, which is how it is warmed up: at the rates that are measured its code would be
 * interpreted for minutes.
 */
function shape({ seconds }: EventsBench, port: number, perSecond?: number): LoadShape {
  return { port, connections: CONNECTIONS, seconds, compareEvery: COMPARE_EVERY, perSecond }
}

/** One generator sends both, as two would take what the server needs. Each round has ids of its own, or its events would be known already. */
function withEvents(options: EventsBench, decisions: LoadRequests, round: number): LoadRequests {
  const { eventsPerSecond, decisionsPerSecond, seconds, items } = options
  const count = Math.ceil((2 * eventsPerSecond * seconds) / PER_REQUEST)
  const bodies = eventBodies(count, PER_REQUEST, items, 1000 + round)
  const every = Math.round((decisionsPerSecond * PER_REQUEST) / eventsPerSecond)
  return { ...decisions, beside: { path: EVENTS_PATH, bodies, every } }
}

function reportOf(options: EventsBench, rounds: Paired[]): Omit<EventsReport, 'log' | 'restart'> {
  const middle = (figure: (round: Paired) => number) => median(rounds.map(figure))
  const sum = (figure: (answer: LoadAnswer) => number) =>
    rounds.reduce((total, { alone, beside }) => total + figure(alone) + figure(beside), 0)
  const wrong = sum((answer) => answer.wrong)
  if (wrong > 0)
    throw new Error(`${wrong} of ${sum((answer) => answer.compared)} compared answers are wrong: no figures`)
  return {
    bench: 'events',
    eventsPerSecond: middle(({ beside }) => eventsOf(beside).requests / options.seconds) * PER_REQUEST,
    decisionsPerSecond: middle(({ beside }) => beside.requests / options.seconds),
    p99RatioToWithout: middle(({ alone, beside }) => beside.p99Ms / alone.p99Ms),
    p99Ms: middle(({ beside }) => beside.p99Ms),
    p99WithoutMs: middle(({ alone }) => alone.p99Ms),
    eventP99Ms: middle(({ beside }) => eventsOf(beside).p99Ms),
    cpuMicrosPerEvent: middle(
      ({ cpuMicros, beside }) => (cpuMicros.beside - cpuMicros.alone) / (eventsOf(beside).requests * PER_REQUEST),
    ),
    failed: sum((answer) => answer.failed + (answer.beside?.failed ?? 0)),
    compared: sum((answer) => answer.compared),
    wrong,
  }
}

function eventsOf({ beside }: LoadAnswer): BesideAnswer {
  if (beside === null) throw new Error('no events were sent')
  return beside
}

export function renderEvents(report: EventsReport): string {
  const { log, restart } = report
  const micros = (value: number) => value.toFixed(2)
  return [
    `events: ${report.eventsPerSecond.toFixed(0)} durable events/s beside ${report.decisionsPerSecond.toFixed(0)} decisions/s; ` +
      `${report.failed} failed, ${report.compared} answers compared, ${report.wrong} wrong`,
    `decision p99 ${report.p99Ms.toFixed(2)} ms with events, ${report.p99WithoutMs.toFixed(2)} ms without: ` +
      `${report.p99RatioToWithout.toFixed(2)}×; an acknowledgement of ${PER_REQUEST} events p99 ${report.eventP99Ms.toFixed(1)} ms; ` +
      `an event adds ${micros(report.cpuMicrosPerEvent)} µs of CPU`,
    `log, batches of ${log.batchEvents}: ${micros(log.logMicros)} µs an event, bare write and fdatasync ` +
      `${micros(log.bareMicros)} µs: ${log.ratio.toFixed(2)}× (CPU ${micros(log.logCpuMicros)} and ${micros(log.bareCpuMicros)} µs)`,
    `start with ${restart.events} events in the log: ${restart.secondsPerMillionEvents.toFixed(1)} s for each million`,
  ].join('\n')
}
