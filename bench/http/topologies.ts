/**
 * Which threads should decide? The thread that listens itself, one worker beside it, several, or several threads that each listen
 * (`bench/listeners`): a server for each, all at once, takes the same load in turn, round by round: a closed loop, then open loops at
 * the same rates, which are shares of what the slowest closed loop reached while warming up. The load generator runs on the same cores.
 * Figures are medians over rounds.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { HERE } from './checkout.ts'
import { Generator } from './generator.ts'
import { openShape } from './http.ts'
import { measure, type Round } from './measure.ts'
import { HTTP_SCENARIOS } from './scenarios.ts'
import { type Served, type ServedOptions, serve } from './served.ts'
import { nameOf, OPEN_SHARES, reportOf, type TopologiesReport, type Topology } from './topologies-report.ts'

export interface TopologiesBench extends Omit<ServedOptions, 'workers'> {
  /** Of each of the product's servers; 0: the thread that listens decides. */
  workers: number[]
  /** Threads that listen and decide, of each server that has them. */
  listeners: number[]
  connections: number
  seconds: number
  rounds: number
}

export interface Side extends Topology {
  served: Served
  generator: Generator
  closed: Round[]
  /** By rate. */
  open: Round[][]
}

const COMPARE_EVERY = 16
/** The last of them sets the rates. */
const WARMING_ROUNDS = 3
const CHECKOUTS = {
  server: HERE,
  listeners: { ...HERE, server: new URL('../listeners/child.js', import.meta.url) },
}

export async function benchTopologies(
  options: TopologiesBench,
  say: (line: string) => void,
): Promise<TopologiesReport> {
  refuseEvents(options)
  const sides: Side[] = []
  try {
    for (const topology of topologiesOf(options)) {
      const served = await serve({ ...options, workers: topology.threads }, say, CHECKOUTS[topology.kind])
      sides.push({ ...topology, served, generator: new Generator(), closed: [], open: OPEN_SHARES.map(() => []) })
    }
    say('warming up')
    for (let round = 0; round < WARMING_ROUNDS; round++) for (const side of sides) await closedRound(side, options)
    const slowest = Math.min(...sides.map(({ closed }) => closed[WARMING_ROUNDS - 1].requestsPerSecond))
    for (const side of sides) side.closed = []
    for (let round = 1; round <= options.rounds; round++) {
      say(`round ${round} of ${options.rounds}`)
      for (const side of sides) await closedRound(side, options)
      for (const [i, share] of OPEN_SHARES.entries())
        for (const side of sides)
          side.open[i].push(await measured(side, openShape(slowest * share, options.seconds, round)))
    }
    return await reportOf(options, sides, slowest)
  } finally {
    await Promise.all(sides.flatMap(({ served, generator }) => [generator.stop(), served.stop()]))
  }
}

function topologiesOf({ workers, listeners }: TopologiesBench): Topology[] {
  return [
    ...workers.map((threads): Topology => ({ kind: 'server', threads })),
    ...listeners.map((threads): Topology => ({ kind: 'listeners', threads })),
  ]
}

function refuseEvents({ scenario, listeners }: TopologiesBench): void {
  if (!HTTP_SCENARIOS[scenario].hasEvents || listeners.length === 0) return
  throw new OfferwrightError(
    'invalid_value',
    `invalid listeners: ${listeners} (they take no events; with the scenario ${scenario} pass --listeners 0)`,
    { field: 'listeners', value: listeners },
  )
}

async function closedRound(side: Side, { connections, seconds }: TopologiesBench): Promise<void> {
  side.closed.push(await measured(side, { connections, seconds, compareEvery: COMPARE_EVERY }))
}

async function measured(side: Side, shape: Parameters<typeof measure>[3]): Promise<Round> {
  const { served, generator } = side
  const round = await measure(served.server, generator, served.requests, shape)
  if (round.wrong > 0) throw new Error(`${round.wrong} answers are wrong of ${nameOf(side)}: no figures`)
  return round
}
