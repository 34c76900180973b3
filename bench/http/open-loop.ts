/**
 * Open loop: requests are sent when they arrive, not when the one before is answered, and a latency counts from the intended
 * arrival (Tene, "How NOT to measure latency", 2015). An arrival that finds every connection busy waits its turn, and its wait is
 * part of its latency; one that is never answered fails.
 */
import { Worker } from 'node:worker_threads'
import { arrivals } from './arrivals.ts'
import { Connection } from './connection.ts'
import { Latency } from './latency.ts'
import type { LoadAnswer, LoadShape } from './load-child.ts'
import type { RequestCycle } from './request-cycle.ts'
import { CELLS, monotonicMs, type Ticking } from './ticker-worker.ts'

const HEAD_START_MS = 50
/** After the last arrival. */
const LONGEST_WAIT_MS = 10_000

export type OpenShape = LoadShape & { perSecond: number }

export async function openLoop(shape: OpenShape, cycle: RequestCycle): Promise<LoadAnswer> {
  const run = new OpenRun(shape, cycle)
  try {
    await run.connect()
    return await run.send()
  } finally {
    run.close()
  }
}

class OpenRun {
  readonly #shape: OpenShape
  readonly #cycle: RequestCycle
  readonly #arrivals: Float64Array
  readonly #state = new Int32Array(new SharedArrayBuffer(4 * Object.keys(CELLS).length))
  readonly #free: Connection[] = []
  readonly #all = new Set<Connection>()
  readonly #lateness = new Latency()
  /** From the sending. */
  readonly #answers = new Latency()
  #startsAt = 0
  #sent = 0
  #answered = 0
  #sentInTime = 0
  #answeredInTime = 0
  #allAnswered: () => void = () => {}

  constructor(shape: OpenShape, cycle: RequestCycle) {
    this.#shape = shape
    this.#cycle = cycle
    this.#arrivals = arrivals(shape.perSecond, shape.seconds, shape.seed ?? 1)
  }

  async connect(): Promise<void> {
    await Promise.all(Array.from({ length: this.#shape.connections }, () => this.#connectOne()))
  }

  async send(): Promise<LoadAnswer> {
    const cpu = process.cpuUsage()
    this.#startsAt = monotonicMs() + HEAD_START_MS
    const workerData: Ticking = { startsAt: this.#startsAt, arrivals: this.#arrivals, state: this.#state }
    const ticker = new Worker(new URL('./ticker-worker.js', import.meta.url), { workerData, execArgv: [] })
    ticker.on('message', () => this.#dispatch())
    await this.#finished()
    this.#endTicker()
    await ticker.terminate()
    const { user, system } = process.cpuUsage(cpu)
    const scheduled = this.#arrivals.length
    return {
      ...this.#cycle.tally(scheduled - this.#answered),
      scheduled,
      offeredPerSecond: scheduled / this.#shape.seconds,
      requestsPerSecond: this.#answeredInTime / this.#shape.seconds,
      sentInTimeShare: scheduled === 0 ? 1 : this.#sentInTime / scheduled,
      sentLateP50Ms: this.#lateness.quantileMs(0.5),
      sentLateP99Ms: this.#lateness.quantileMs(0.99),
      answerP50Ms: this.#answers.quantileMs(0.5),
      generatorCpuMicros: user + system,
    }
  }

  close(): void {
    this.#endTicker()
    for (const connection of [...this.#all]) connection.close()
  }

  #endTicker(): void {
    Atomics.store(this.#state, CELLS.isOver, 1)
    Atomics.notify(this.#state, CELLS.isOver)
  }

  async #connectOne(): Promise<void> {
    const connection = await Connection.open(this.#shape.port, () => {
      this.#all.delete(connection)
      const at = this.#free.indexOf(connection)
      if (at >= 0) this.#free.splice(at, 1)
      // A server closes what is idle; arrivals that find no connection at all are told by their latency, or fail.
      if (Atomics.load(this.#state, CELLS.isOver) === 0) this.#connectOne().catch(() => {})
    })
    this.#all.add(connection)
    this.#release(connection)
  }

  #release(connection: Connection): void {
    this.#free.push(connection)
    Atomics.store(this.#state, CELLS.canSend, 1)
  }

  /** Everything that is due and finds a free connection; connections take turns. */
  #dispatch(): void {
    if (this.#startsAt === 0) return
    const elapsed = monotonicMs() - this.#startsAt
    while (this.#free.length > 0 && this.#sent < this.#arrivals.length && this.#arrivals[this.#sent] <= elapsed)
      this.#sendOne(this.#free.shift() as Connection, this.#arrivals[this.#sent++], elapsed)
    Atomics.store(this.#state, CELLS.sent, this.#sent)
    Atomics.store(this.#state, CELLS.canSend, this.#free.length > 0 ? 1 : 0)
  }

  #sendOne(connection: Connection, arrival: number, elapsed: number): void {
    this.#lateness.record(elapsed - arrival)
    if (elapsed <= 1000 * this.#shape.seconds) this.#sentInTime++
    const request = this.#cycle.next()
    connection.send(request.bytes, (status, body) => {
      const now = monotonicMs() - this.#startsAt
      this.#cycle.took(request, status, body, now - arrival)
      this.#answers.record(now - elapsed)
      if (status === 200 && now <= 1000 * this.#shape.seconds) this.#answeredInTime++
      if (connection.isOpen) this.#release(connection)
      if (++this.#answered === this.#arrivals.length) this.#allAnswered()
      else this.#dispatch()
    })
  }

  #finished(): Promise<void> {
    const limit = HEAD_START_MS + 1000 * this.#shape.seconds + LONGEST_WAIT_MS
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit)
      this.#allAnswered = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#arrivals.length === 0) this.#allAnswered()
    })
  }
}
