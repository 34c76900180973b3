import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { portOf, start } from '../../support/processes.ts'
import { RawInputs } from '../../support/raw-inputs.ts'
import { CLI, call, trainShop } from '../../support/trained-shop.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

/** Bytes straight to the socket of a server in a process of its own; it must stand, answer as before, and not grow. */
export const rawFuzz: Fault = {
  name: 'raw-fuzz',
  about: '10,000,000 spoilt requests over raw sockets',
  never: ['crashes', 'internalErrors', 'changedAnswers', 'grownOverMib'],
  run: fuzzSockets,
}

const AT_ONCE = 64
/** Memory is compared from here on: code is compiled and pools have their size. */
const SETTLED_SHARE = 0.2
const FLAT_MIB = 64

/** Empty questions: what a polluted prototype would be seen in. */
const QUESTIONS: [string, object][] = [
  ['/v1/recommend', {}],
  ['/v1/recommend', { list: 'trending' }],
  ['/v1/decide', { preview: true, time: 1_772_360_000_000 }],
  ['/v1/decide/batch', { requests: [{ preview: true, time: 1_772_360_000_000 }] }],
  ['/v1/quote', { cart: [], time: 1_772_360_000_000 }],
]

async function fuzzSockets(run: FaultRun): Promise<Record<string, number>> {
  const shop = await trainShop()
  const server = start(process.execPath, [
    CLI,
    'serve',
    '--home',
    shop.folders.home,
    '--port',
    '0',
    '--log-level',
    'info',
  ])
  const port = await portOf(server)
  const answers = () => Promise.all(QUESTIONS.map(async ([path, body]) => (await call(port, 'POST', path, body)).text))
  const before = await answers()
  const inputs = repetitions(10_000_000, run)
  const fuzz = new Fuzz(port, new RawInputs(run.seed))
  let settled = 0
  while (fuzz.sent < inputs && server.child.exitCode === null) {
    await fuzz.send(Math.min(10_000, inputs - fuzz.sent))
    if (settled === 0 && fuzz.sent >= SETTLED_SHARE * inputs) settled = await residentMib(server.child.pid)
    if (fuzz.sent % 1_000_000 === 0) run.say(`${fuzz.sent} inputs`)
  }
  const isAlive = server.child.exitCode === null
  const after = isAlive ? await answers() : []
  const grown = isAlive ? (await residentMib(server.child.pid)) - settled : 0
  server.child.kill('SIGTERM')
  const { exitCode } = await server.ended
  await shop.remove()
  return {
    inputs: fuzz.sent,
    answered: fuzz.answered,
    crashes: isAlive && exitCode === 0 ? 0 : 1,
    internalErrors: fuzz.internalErrors,
    changedAnswers: before.filter((text, i) => text !== after[i]).length,
    grownMib: Math.round(grown),
    grownOverMib: grown > FLAT_MIB ? Math.round(grown) : 0,
  }
}

class Fuzz {
  sent = 0
  answered = 0
  internalErrors = 0
  readonly #port: number
  readonly #inputs: RawInputs

  constructor(port: number, inputs: RawInputs) {
    this.#port = port
    this.#inputs = inputs
  }

  async send(count: number): Promise<void> {
    const last = this.sent + count
    const sender = async () => {
      while (this.sent < last) await this.#sendOne()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, sender))
  }

  /** Writes and ends: the server answers what is whole and drops the rest. */
  #sendOne(): Promise<void> {
    this.sent++
    const input = this.#inputs.next()
    return new Promise((resolve) => {
      let text = ''
      const socket = connect(this.#port, '127.0.0.1', () => socket.end(input))
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1')
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        if (text !== '') this.answered++
        if (text.includes('HTTP/1.1 500')) this.internalErrors++
        resolve()
      })
    })
  }
}

async function residentMib(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
