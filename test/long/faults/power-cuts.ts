import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../../bench/random.ts'
import { spentByCodes } from '../../../core/store/ledger/spending.ts'
import { AppendLog } from '../../../core/store/log/writer.ts'
import { CutDisk } from '../../support/power/cut-disk.ts'
import { buildRecorder, readCalls, recording } from '../../support/power/recorder.ts'
import { portOf, start } from '../../support/processes.ts'
import { SentEvents } from '../../support/sent-events.ts'
import { CLI, call, copyShop, type TrainedShop, trainShop } from '../../support/trained-shop.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const LIVES = 3
const SENDERS = 3
const CODES = 1000

/** Recorded calls of a server under load are cut off at any point; what a cut leaves is compared with what was answered by then. */
export const powerCuts: Fault = {
  name: 'power-cuts',
  about: '1,000 power cuts: only what a returned sync covered is kept, or torn pieces of the rest too',
  never: ['lost', 'duplicated', 'wrongRecords', 'crashes', 'redemptionsLost', 'redemptionsInvented'],
  run: async (run) => {
    const shop = await trainShop()
    try {
      return await cutPower(run, shop)
    } finally {
      await shop.remove()
    }
  },
}

/** `skipped` 1: there is no C compiler here. */
export async function cutPower(run: FaultRun, trained: TrainedShop): Promise<Record<string, number>> {
  const shop = await copyShop(trained)
  const work = await mkdtemp(join(tmpdir(), 'power-cuts-'))
  await giveCodes(shop.folders.campaigns)
  try {
    const built = buildRecorder(work)
    if ('missing' in built) {
      run.say(built.missing)
      return { cuts: 0, skipped: 1 }
    }
    const load = new RecordedLoad(new Random(run.seed))
    const record = join(work, 'calls')
    for (let life = 0; life < LIVES; life++) {
      const server = start(
        process.execPath,
        [CLI, 'serve', '--home', shop.folders.home, '--port', '0', '--workers', '1'],
        {
          env: recording(built.library, record, shop.folders.root),
        },
      )
      const seconds = Math.max(0.3, 3 * Math.min(1, run.scale))
      await load.during(await portOf(server), seconds, () => server.child.kill('SIGKILL'))
      await server.ended
    }
    return { skipped: 0, ...(await cutAnywhere(run, shop.folders.root, await readFile(record), load, work)) }
  } finally {
    await shop.remove()
    await rm(work, { recursive: true, force: true })
  }
}

async function cutAnywhere(run: FaultRun, root: string, record: Buffer, load: RecordedLoad, work: string) {
  const random = new Random(run.seed + 1)
  const calls = readCalls(record)
  const cuts = repetitions(1000, run)
  const places = Array.from({ length: cuts }, () => 1 + random.below(calls.length - 1)).sort((a, b) => a - b)
  const disk = new CutDisk(root)
  const counts = { calls: calls.length, cuts, torn: 0, crashes: 0, redemptionsLost: 0, redemptionsInvented: 0 }
  let applied = 0
  for (const place of places) {
    while (applied < place) disk.apply(calls[applied++])
    const isTorn = random.below(2) === 0
    if (isTorn) counts.torn++
    const folder = join(work, 'left')
    await mkdir(join(folder, 'log'), { recursive: true })
    await disk.writeTo(folder, isTorn ? random : null)
    try {
      await goOn(join(folder, 'log'))
      await load.events.compareWhole(join(folder, 'log'), calls[place].at)
      const uses = spentByCodes(join(folder, 'ledger.sqlite')).reduce((sum, spent) => sum + spent.uses, 0)
      counts.redemptionsLost += Math.max(0, load.redeemedBefore(calls[place].at) - uses)
      counts.redemptionsInvented += Math.max(0, uses - load.asked)
    } catch (error) {
      counts.crashes++
      run.say(`cut at call ${place}: ${(error as Error).message}`)
    }
    await rm(folder, { recursive: true })
  }
  return { ...counts, ...load.events.counts, redeemed: load.redeemedAt.length }
}

/** Opens the logs as a server does, which cuts torn ends off. */
async function goOn(folder: string): Promise<void> {
  for (const name of ['events', 'decisions']) {
    const kind = { type: 1, schemaVersion: 1, ack: 'durable', onError: () => {} } as const
    await (await AppendLog.open({ folder, name, ...kind })).close()
  }
}

class RecordedLoad {
  readonly events: SentEvents
  readonly redeemedAt: bigint[] = []
  asked = 0
  #codes: string[] = []
  #isOver = false

  constructor(random: Random) {
    this.events = new SentEvents(random)
  }

  redeemedBefore(instant: bigint): number {
    return this.redeemedAt.filter((at) => at < instant).length
  }

  async during(port: number, seconds: number, end: () => void): Promise<void> {
    this.#isOver = false
    if (this.#codes.length === 0) await this.#makeCodes(port)
    const loads = [this.#redeem(port), this.#decide(port), ...Array.from({ length: SENDERS }, () => this.#send(port))]
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
    this.#isOver = true
    end()
    await Promise.all(loads)
  }

  async #send(port: number): Promise<void> {
    while (!this.#isOver) {
      const sent = this.events.next()
      const answer = await call(port, 'POST', '/v1/events', { events: sent }).catch(() => null)
      if (answer?.status === 200) this.events.acknowledge(sent)
      else this.events.leaveUnanswered(sent)
    }
  }

  async #decide(port: number): Promise<void> {
    while (!this.#isOver) await call(port, 'POST', '/v1/decide', { session: 'anybody', slots: 3 }).catch(() => null)
  }

  /** By the first server, which makes the ledger. */
  async #makeCodes(port: number): Promise<void> {
    const { body } = await call(port, 'POST', '/v1/campaigns/welcome/codes', { count: CODES })
    this.#codes = body.codes.map(({ code }: { code: string }) => code)
  }

  async #redeem(port: number): Promise<void> {
    while (!this.#isOver && this.asked < this.#codes.length) {
      const code = this.#codes[this.asked++]
      const asked = { id: `redemption-${code}`, code, discountMinor: 100 }
      const answer = await call(port, 'POST', '/v1/redemptions', asked).catch(() => null)
      if (answer?.status === 200) this.redeemedAt.push(process.hrtime.bigint())
    }
  }
}

const WELCOME = {
  id: 'welcome',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2020-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  scope: 'basket',
  ladder: [{ amountMinor: 100 }],
  codes: 'single_use',
}

/** A campaign whose codes are good once, in place of the shop's. */
async function giveCodes(campaigns: string): Promise<void> {
  const { currency } = JSON.parse(await readFile(campaigns, 'utf8'))
  await writeFile(campaigns, JSON.stringify({ version: 1, currency, campaigns: [WELCOME] }))
}
