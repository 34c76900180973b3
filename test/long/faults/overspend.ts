import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Random } from '../../../bench/random.ts'
import { machineTime } from '../../../core/store/budget-words.ts'
import { type LedgerReader, openLedgerToRead } from '../../../core/store/ledger/database.ts'
import type { LeaseTerms } from '../../../core/store/ledger/leases.ts'
import { verifyLedger } from '../../../core/store/ledger/verify.ts'
import type { LeasedLimit } from '../../../server/ledger/lease-keeper.ts'
import { ended, pause } from '../../support/children.ts'
import type { Booked, HolderSetup } from '../../support/lease-holder.ts'
import { testLedger } from '../../support/ledger.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

/**
 * Servers of one shop claim from shared budgets until nothing is left, each a process of its own, while one after the other is
 * killed, or stopped for longer than its lease lasts and let go on.
 */
export const overspend: Fault = {
  name: 'overspend',
  about: '10,000 budgets claimed by four processes, 1,000 kills and 250 stalls',
  never: [
    'overspendMinor',
    'uncoveredMinor',
    'lostMinor',
    'strandedOverBound',
    'lateReclaims',
    'discrepancies',
    'crashes',
  ],
  run: claimUnderKills,
}

const HOLDER = fileURLToPath(new URL('../../support/lease-holder.js', import.meta.url))
const SERVERS = 4
/** Budgets that are claimed at a time, with one kill among them. */
const BUDGETS_A_ROUND = 10
const TERMS: LeaseTerms = { ttlMs: 1000, shareBps: 2500, leastMinor: 1 }
const ROUND_MS = 60_000

interface Counts extends Record<string, number> {
  budgets: number
  kills: number
  stalls: number
  crashes: number
  claimedMinor: number
  overspendMinor: number
  uncoveredMinor: number
  lostMinor: number
  strandedMinor: number
  strandedOverBound: number
  reclaimMs: number
  lateReclaims: number
  discrepancies: number
}

async function claimUnderKills(run: FaultRun): Promise<Counts> {
  const rounds = Math.ceil(repetitions(10_000, run) / BUDGETS_A_ROUND)
  const ledger = await testLedger(run.seed)
  const shop = new ClaimingShop(ledger.file, new Random(run.seed))
  for (let round = 0; round < rounds; round++) {
    await shop.round(round)
    if (round % 10 === 9) run.say(`${(round + 1) * BUDGETS_A_ROUND} budgets, ${shop.counts.kills} kills`)
  }
  await shop.close()
  const { discrepancies, uncoveredMinor } = verifyLedger(ledger.reader)
  Object.assign(shop.counts, { uncoveredMinor, discrepancies: discrepancies.length })
  await ledger.remove()
  return shop.counts
}

class ClaimingShop {
  readonly counts: Counts = {
    budgets: 0,
    kills: 0,
    stalls: 0,
    crashes: 0,
    claimedMinor: 0,
    overspendMinor: 0,
    uncoveredMinor: 0,
    lostMinor: 0,
    strandedMinor: 0,
    strandedOverBound: 0,
    reclaimMs: 0,
    lateReclaims: 0,
    discrepancies: 0,
  }
  readonly #file: string
  readonly #random: Random
  readonly #reader: LedgerReader
  readonly #servers: ChildProcess[]
  /** By campaign: what servers were told to be booked. */
  #booked = new Map<string, number>()
  #limits: LeasedLimit[] = []
  #isClosing = false

  constructor(file: string, random: Random) {
    this.#file = file
    this.#random = random
    this.#reader = openLedgerToRead(file) as LedgerReader
    this.#servers = Array.from({ length: SERVERS }, (_, n) => this.#start(n))
  }

  async round(round: number): Promise<void> {
    this.#booked = new Map()
    this.#limits = Array.from({ length: BUDGETS_A_ROUND }, (_, n) => ({
      campaign: `budget-${round}-${n}`,
      slot: 'minor' as const,
      limit: 1 + this.#random.below(1000),
    }))
    for (const server of this.#servers) server.send(this.#limits)
    await this.#kill(this.#random.below(SERVERS))
    if (round % 4 === 3) await this.#stall(this.#random.below(SERVERS))
    await this.#untilAllIsSpent()
    this.#tally()
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.#servers.map((server) => ended(server, () => server.disconnect())))
    this.#reader.close()
  }

  #start(n: number): ChildProcess {
    const setup: HolderSetup = {
      ledger: this.#file,
      name: `server-${n}`,
      seed: this.#random.below(2 ** 31),
      terms: TERMS,
    }
    const child = fork(HOLDER, [JSON.stringify(setup)])
    child.on('message', ({ booked }: Booked) => {
      for (const [campaign, minor] of Object.entries(booked))
        this.#booked.set(campaign, (this.#booked.get(campaign) ?? 0) + minor)
    })
    child.on('exit', (_, signal) => {
      if (signal !== 'SIGKILL' && !this.#isClosing) this.counts.crashes++
    })
    if (this.#limits.length > 0) child.send(this.#limits)
    return child
  }

  /** The next life of the server begins at once, under the same name. */
  async #kill(n: number): Promise<void> {
    const child = this.#servers[n]
    while (this.#leasesOf(n).length === 0 && !this.#isAllSpent()) await pause(5)
    await pause(this.#random.below(20))
    await ended(child, () => child.kill('SIGKILL'))
    const killedAt = this.#ledgerTime()
    this.counts.kills++
    const stranded = this.#leasesOf(n)
    this.#servers[n] = this.#start(n)
    for (const { campaign, balance } of stranded) {
      this.counts.strandedMinor += balance
      const limit = this.#limits.find((each) => each.campaign === campaign)?.limit ?? 0
      if (balance > Math.max(TERMS.leastMinor, Math.floor((limit * TERMS.shareBps) / 10_000)))
        this.counts.strandedOverBound++
    }
    const names = new Set(stranded.map(({ holder }) => holder))
    while (this.#leases().some(({ holder }) => names.has(holder))) await pause(10)
    const reclaimMs = this.#lastReturn([...names]) - killedAt
    this.counts.reclaimMs = Math.max(this.counts.reclaimMs, reclaimMs)
    if (reclaimMs > 2 * TERMS.ttlMs) this.counts.lateReclaims++
  }

  /** Longer than its lease lasts, so that it goes on with what is not its own any more. */
  async #stall(n: number): Promise<void> {
    const child = this.#servers[n]
    child.kill('SIGSTOP')
    await pause(1.5 * TERMS.ttlMs)
    child.kill('SIGCONT')
    this.counts.stalls++
  }

  /** By the clock of the ledger, at this moment. */
  #ledgerTime(): number {
    const [{ clock_ms, watch_ms }] = this.#reader.all(
      this.#reader.tables.selectFrom('ledger').select(['clock_ms', 'watch_ms']),
    )
    return clock_ms + machineTime() - watch_ms
  }

  /** When the last of these leases came back; long ago where there was none. */
  #lastReturn(names: string[]): number {
    const [{ at }] = this.#reader.all(
      this.#reader.tables
        .selectFrom('movements')
        .select(({ fn }) => fn.max<number | null>('at').as('at'))
        .where('kind', '=', 'returned')
        .where('cause', 'in', ['', ...names]),
    )
    return at ?? 0
  }

  #leases() {
    return this.#reader.all(
      this.#reader.tables
        .selectFrom('accounts')
        .select(['campaign', 'holder', 'balance'])
        .where('place', '=', 'lease')
        .where('balance', '>', 0),
    )
  }

  /** Of the life that just ended. */
  #leasesOf(n: number) {
    return this.#leases().filter(({ holder }) => holder.startsWith(`server-${n}#`))
  }

  #spent(): Map<string, number> {
    const rows = this.#reader.tables
      .selectFrom('accounts')
      .select(({ fn }) => ['campaign', fn.sum<number>('balance').as('spent')])
      .where('place', '=', 'spent')
      .where(
        'campaign',
        'in',
        this.#limits.map(({ campaign }) => campaign),
      )
      .groupBy('campaign')
    return new Map(this.#reader.all(rows).map(({ campaign, spent }) => [campaign, spent]))
  }

  #isAllSpent(): boolean {
    const spent = this.#spent()
    return this.#limits.every(({ campaign, limit }) => (spent.get(campaign) ?? 0) >= limit)
  }

  async #untilAllIsSpent(): Promise<void> {
    const deadline = performance.now() + ROUND_MS
    while (!this.#isAllSpent()) {
      if (performance.now() > deadline) throw new Error(`a budget was not used up within ${ROUND_MS} ms`)
      await pause(10)
    }
    // What was booked just now is still on its way.
    await pause(50)
  }

  #tally(): void {
    const spent = this.#spent()
    for (const { campaign, limit } of this.#limits) {
      const told = this.#booked.get(campaign) ?? 0
      this.counts.budgets++
      this.counts.claimedMinor += told
      this.counts.overspendMinor += Math.max(0, told - limit, (spent.get(campaign) ?? 0) - limit)
      this.counts.lostMinor += Math.max(0, told - (spent.get(campaign) ?? 0))
    }
  }
}
