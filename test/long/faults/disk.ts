import { Random } from '../../../bench/random.ts'
import { FaultyFiles, failingCalls } from '../../support/faulty-files.ts'
import { logRows } from '../../support/log-text.ts'
import { SentEvents } from '../../support/sent-events.ts'
import { serveShop, type TestServer, type TrainedShop, trainShop } from '../../support/trained-shop.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const NEVER = { faultOf: () => null }
const CODES = { ENOSPC: 'disk_full', EIO: 'log_unavailable' } as const
/** How many calls in a row fail: one, a few, and as many as there are. */
const STRETCHES = [1, 4, 1_000_000]
const REQUESTS = 6
const RESUMES_WITHIN_MS = 5000

/** Each call by which a run of events changes the disk fails once, and everything behind it; decisions go on meanwhile. */
export const disk: Fault = {
  name: 'disk',
  about: 'ENOSPC and EIO at every call of a run: decisions go on, events are refused with the reason and taken again',
  never: ['failedDecisions', 'wrongRefusals', 'notResumed', 'lost', 'duplicated', 'wrongRecords', 'decisionsLost'],
  run: async (run) => {
    const shop = await trainShop()
    try {
      return await failEachCall(run, shop)
    } finally {
      await shop.remove()
    }
  },
}

export async function failEachCall(run: FaultRun, shop: TrainedShop): Promise<Record<string, number>> {
  const files = new FaultyFiles(NEVER)
  const server = await serveShop(shop, {}, files)
  const events = new SentEvents(new Random(run.seed))
  const trial = new Trial(server, files, events)
  const calls = repetitions(30, run)
  try {
    for (let call = 0; call < calls; call++)
      for (const [code, refusal] of Object.entries(CODES))
        for (const stretch of STRETCHES) await trial.fail(code, refusal, call, stretch)
  } finally {
    await server.close()
  }
  await events.look(shop.folders.log)
  const logged = (await logRows(shop.folders.log, 'decisions')).length
  return {
    calls,
    ...trial.counts,
    failedCalls: files.failed,
    ...events.counts,
    decisionsLost: trial.counts.decisions - trial.counts.failedDecisions - logged,
  }
}

class Trial {
  readonly counts = { runs: 0, refused: 0, wrongRefusals: 0, decisions: 0, failedDecisions: 0, notResumed: 0 }
  readonly #server: TestServer
  readonly #files: FaultyFiles
  readonly #events: SentEvents

  constructor(server: TestServer, files: FaultyFiles, events: SentEvents) {
    this.#server = server
    this.#files = files
    this.#events = events
  }

  /** `call`: which of the calls from now on is the first to fail. */
  async fail(code: string, refusal: string, call: number, stretch: number): Promise<void> {
    this.counts.runs++
    this.#files.plan = failingCalls(code, this.#files.calls + call, stretch)
    for (let i = 0; i < REQUESTS; i++) await Promise.all([this.#send(refusal), this.#decide()])
    this.#files.plan = NEVER
    const deadline = performance.now() + RESUMES_WITHIN_MS
    while (!(await this.#send(refusal))) {
      if (performance.now() < deadline) continue
      this.counts.notResumed++
      return
    }
  }

  /** False: refused. */
  async #send(refusal: string): Promise<boolean> {
    const sent = this.#events.next()
    const { status, body } = await this.#server.call('POST', '/v1/events', { events: sent })
    if (status === 200) this.#events.acknowledge(sent)
    else {
      this.#events.leaveUnanswered(sent)
      this.counts.refused++
      if (status !== 503 || body.error.code !== refusal) this.counts.wrongRefusals++
    }
    return status === 200
  }

  async #decide(): Promise<void> {
    this.counts.decisions++
    const { status } = await this.#server.call('POST', '/v1/decide', { session: 'anybody', slots: 3 })
    if (status !== 200) this.counts.failedDecisions++
  }
}
