import { Random } from '../../../bench/random.ts'
import { logRows } from '../../support/log-text.ts'
import { portOf, type Started, start } from '../../support/processes.ts'
import { SentEvents } from '../../support/sent-events.ts'
import { CLI, call, type TrainedShop, trainShop } from '../../support/trained-shop.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const SENDERS = 4
const LONGEST_LIFE_MS = 250
/** What of the decisions may be lost. */
const AT_RISK_MS = 100

/** The server is killed while it takes events and decides, also while it starts, and its log is compared with what it answered. */
export const kills: Fault = {
  name: 'kills',
  about: '1,000 × kill -9 under load: acknowledged events are there, once, as they were sent',
  never: ['lost', 'duplicated', 'wrongRecords', 'failedStarts'],
  run: async (run) => {
    const shop = await trainShop()
    try {
      return await killAgainAndAgain(run, shop)
    } finally {
      await shop.remove()
    }
  },
}

/**
 * `decisionsLost`: answered and not logged; `decisionsOverRisk`: those of them that were answered more than `AT_RISK_MS` after the
 * first of them. The clocks are those of a client, which hears of an answer later than it was given.
 */
export async function killAgainAndAgain(run: FaultRun, shop: TrainedShop): Promise<Record<string, number>> {
  const random = new Random(run.seed)
  const events = new SentEvents(random)
  const decisions = new Decided()
  const startsMs: number[] = []
  const lives = repetitions(1000, run)
  let failedStarts = 0
  for (let life = 0; life < lives; life++) {
    const startedAt = performance.now()
    const server = start(process.execPath, [CLI, 'serve', '--home', shop.folders.home, '--port', '0', '--workers', '1'])
    const dies = random.below(10) === 0 ? 'starting' : 'serving'
    if (dies === 'starting') setTimeout(() => server.child.kill('SIGKILL'), random.below(600))
    const port = await portOf(server).catch(() => null)
    if (port !== null) {
      startsMs.push(performance.now() - startedAt)
      await loadUntilKilled(server, port, events, decisions, random)
    } else if (dies === 'serving') failedStarts++
    await server.ended
    await events.look(shop.folders.log)
    await decisions.look(shop.folders.log)
    if (life % 100 === 99) run.say(`${life + 1} kills, ${events.logged} events in the log`)
  }
  startsMs.sort((a, b) => a - b)
  return {
    kills: lives,
    ...events.counts,
    ...decisions.counts,
    failedStarts,
    logged: events.logged,
    startMsMedian: Math.round(startsMs[startsMs.length >> 1] ?? 0),
    startMsLargest: Math.round(startsMs.at(-1) ?? 0),
  }
}

async function loadUntilKilled(
  { child }: Started,
  port: number,
  events: SentEvents,
  decisions: Decided,
  random: Random,
): Promise<void> {
  let isAlive = true
  const send = async () => {
    while (isAlive) {
      const sent = events.next()
      const answer = await call(port, 'POST', '/v1/events', { events: sent }).catch(() => null)
      if (answer?.status === 200) events.acknowledge(sent)
      else events.leaveUnanswered(sent)
    }
  }
  const decide = async () => {
    while (isAlive) {
      const answer = await call(port, 'POST', '/v1/decide', { session: 'anybody', slots: 3 }).catch(() => null)
      if (answer?.status === 200) decisions.answered(answer.body.decisionId)
    }
  }
  const loads = [decide(), ...Array.from({ length: SENDERS }, send)]
  await new Promise((resolve) => setTimeout(resolve, 5 + random.below(LONGEST_LIFE_MS)))
  child.kill('SIGKILL')
  isAlive = false
  await Promise.all(loads)
}

class Decided {
  readonly counts = { decisions: 0, decisionsLost: 0, decisionsOverRisk: 0 }
  #answered: { id: string; at: number }[] = []
  #rows = 0

  answered(id: string): void {
    this.counts.decisions++
    this.#answered.push({ id, at: performance.now() })
  }

  async look(folder: string): Promise<void> {
    const rows = await logRows(folder, 'decisions')
    const logged = new Set(rows.slice(this.#rows).map((text) => JSON.parse(text).answer.decisionId))
    this.#rows = rows.length
    const lost = this.#answered.filter(({ id }) => !logged.has(id))
    this.counts.decisionsLost += lost.length
    this.counts.decisionsOverRisk += lost.filter(({ at }) => at - lost[0].at > AT_RISK_MS).length
    this.#answered = []
  }
}
