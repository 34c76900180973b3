import { serveShop, type TestServer, trainShop } from '../../support/trained-shop.ts'
import { WorkerThreads } from '../../support/worker-threads.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

/** The only worker of a server is killed every second, for ten minutes; what was not with it must not notice. */
export const workerKills: Fault = {
  name: 'worker-kills',
  about: '600 workers killed under load, one a second',
  never: ['failedElsewhere', 'otherFailures', 'readyLate'],
  run: killWorkers,
}

const CALLERS = 8
const EVERY_MS = 1000
/** A server whose only worker was killed answers again within this. */
const READY_MS = 1000

interface Failure {
  sentMs: number
  answeredMs: number
}

class Calling {
  requests = 0
  otherFailures = 0
  readonly failures: Failure[] = []
  readonly #server: TestServer
  readonly #callers: Promise<void>[]
  #isOver = false

  constructor(server: TestServer) {
    this.#server = server
    this.#callers = Array.from({ length: CALLERS }, (_, i) => this.#call(i))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#callers)
  }

  async #call(caller: number): Promise<void> {
    while (!this.#isOver) {
      const sentMs = performance.now()
      const { status, body } = await this.#server.call('POST', '/v1/decide', { shopper: `s-${caller}`, slots: 5 })
      this.requests++
      if (status === 200) continue
      if (status === 500 && body.error.code === 'internal')
        this.failures.push({ sentMs, answeredMs: performance.now() })
      else this.otherFailures++
    }
  }
}

async function killWorkers(run: FaultRun): Promise<Record<string, number>> {
  const shop = await trainShop()
  const threads = new WorkerThreads()
  const server = await serveShop(shop, { workers: 1 })
  const calling = new Calling(server)
  const kills = repetitions(600, run)
  const killedMs: [number, number][] = []
  const readyMs: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    const from = performance.now()
    await threads.killOne()
    killedMs.push([from, performance.now()])
    while ((await server.call('POST', '/v1/decide', {})).status !== 200);
    readyMs.push(performance.now() - from)
    if (kill % 60 === 59) run.say(`${kill + 1} kills`)
  }
  await calling.stop()
  const { requests, otherFailures, failures } = calling
  const wasWithIt = ({ sentMs, answeredMs }: Failure) =>
    killedMs.some(([from, to]) => sentMs <= to && answeredMs >= from)
  threads.stop()
  await server.close()
  await shop.remove()
  return {
    kills,
    requests,
    failedWithWorker: failures.filter(wasWithIt).length,
    failedElsewhere: failures.filter((failure) => !wasWithIt(failure)).length,
    otherFailures,
    slowestReadyMs: Math.round(Math.max(...readyMs)),
    readyLate: readyMs.filter((ms) => ms > READY_MS).length,
  }
}
