/**
 * The load, on a core of its own. A closed loop finds the peak; an open loop sends at times set beforehand, each arrival on a
 * connection of its own or a free one, and counts latency from the set time. Between two looks at the clock it sleeps a millisecond, so
 * that its CPU time says whether it could have sent more.
 */
import { answerParent } from '../http/child.ts'
import { LoadConnection, requestBytes } from './connection.ts'
import { pinTo } from './pin.ts'
import { arrivalsMs, type Stretch } from './schedule.ts'

export interface LoadQuestion {
  core: number
  port: number
  path: string
  bodies: string[]
  /** What each body must be answered. */
  expected: string[]
  compareEvery: number
  /** A closed loop of so many connections and seconds, or an open loop. */
  load: { connections: number; seconds: number } | { stretches: Stretch[]; seed: number }
}

/** By arrival, or by answer where there were none. */
export interface LoadAnswer {
  /** Milliseconds from the beginning: set, and sent. */
  atMs: Float64Array
  sentMs: Float64Array
  /** From the set time to the answer. */
  tookMs: Float64Array
  /** 0: no answer. */
  status: Int16Array
  compared: number
  wrong: number
  /** CPU time over wall time: 1 is a whole core. */
  generatorShare: number
}

/** As exact as a timer is. */
const LEAST_SLEEP_MS = 1
/** After the last arrival. */
const LAST_WAIT_MS = 5000

type Answers = Pick<LoadAnswer, 'atMs' | 'sentMs' | 'tookMs' | 'status'>

class Load {
  readonly #asked: LoadQuestion
  readonly #requests: Buffer[]
  readonly #expected: Buffer[]
  readonly #free: LoadConnection[] = []
  readonly #all: LoadConnection[] = []
  #sent = 0
  #compared = 0
  #wrong = 0
  #answered = 0

  constructor(asked: LoadQuestion) {
    this.#asked = asked
    this.#requests = asked.bodies.map((body) => requestBytes(asked.path, body))
    this.#expected = asked.expected.map((text) => Buffer.from(text))
  }

  async run({ load }: LoadQuestion): Promise<LoadAnswer> {
    const [from, before] = [performance.now(), process.cpuUsage()]
    const answers =
      'stretches' in load
        ? await this.#open(arrivalsMs(load.stretches, load.seed))
        : await this.#closed(load.connections, load.seconds)
    for (const connection of this.#all) connection.close()
    const { user, system } = process.cpuUsage(before)
    const generatorShare = (user + system) / 1000 / (performance.now() - from)
    return { ...answers, compared: this.#compared, wrong: this.#wrong, generatorShare }
  }

  async #open(at: Float64Array): Promise<Answers> {
    const sentMs = new Float64Array(at.length)
    const tookMs = new Float64Array(at.length)
    const status = new Int16Array(at.length)
    const from = performance.now()
    const sendDue = (now: number) => {
      while (this.#sent < at.length && at[this.#sent] <= now) {
        const i = this.#sent
        sentMs[i] = now
        this.#send((answered) => {
          status[i] = answered
          tookMs[i] = performance.now() - from - at[i]
        })
      }
    }
    const end = (at.at(-1) ?? 0) + LAST_WAIT_MS
    for (let now = 0; this.#answered < at.length && now < end; now = performance.now() - from) {
      sendDue(now)
      await new Promise((resolve) => setTimeout(resolve, LEAST_SLEEP_MS))
    }
    return { atMs: at, sentMs, tookMs, status }
  }

  async #closed(connections: number, seconds: number): Promise<Answers> {
    const [at, took, statuses]: number[][] = [[], [], []]
    const from = performance.now()
    const again = () => {
      const sent = performance.now() - from
      if (sent >= 1000 * seconds) return
      this.#send((status) => {
        at.push(sent)
        took.push(performance.now() - from - sent)
        statuses.push(status)
        again()
      })
    }
    for (let i = 0; i < connections; i++) again()
    while (this.#answered < this.#sent || performance.now() - from < 1000 * seconds)
      await new Promise((resolve) => setTimeout(resolve, LEAST_SLEEP_MS))
    const atMs = Float64Array.from(at)
    return { atMs, sentMs: atMs, tookMs: Float64Array.from(took), status: Int16Array.from(statuses) }
  }

  #send(answered: (status: number) => void): void {
    const i = this.#sent++ % this.#requests.length
    const connection = this.#connection()
    connection.send(this.#requests[i], (status, body) => {
      this.#answered++
      if (status === 200 && this.#answered % this.#asked.compareEvery === 0) this.#compare(i, body)
      if (connection.isOpen) this.#free.push(connection)
      answered(status)
    })
  }

  /** A free one that is open still, or a new one. */
  #connection(): LoadConnection {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) if (free.isOpen) return free
    const connection = new LoadConnection(this.#asked.port)
    this.#all.push(connection)
    return connection
  }

  #compare(i: number, body: Buffer): void {
    this.#compared++
    if (!body.equals(this.#expected[i])) this.#wrong++
  }
}

answerParent<LoadQuestion, LoadAnswer>((asked) => {
  pinTo(asked.core)
  return new Load(asked).run(asked)
})
