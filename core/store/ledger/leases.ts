/**
 * Leases: a server takes a chunk of each limit, decides by arithmetic of its own memory what to give of it, and tells the
 * ledger now and then what became of it.
 *
 *   available ─leased▶ lease ─held▶ held (offers that were given) ─settled▶ spent (purchases)
 *       ▲◀──returned─────┘             └──freed▶ lease, or available when the server does not come back
 *
 * A lease lasts `ttlMs` of the ledger's clock from each renewal on. The server stops giving at the time that its watch read
 * before it asked, plus `ttlMs`; the ledger's clock never runs faster than the watch (`clock.ts`), so the server has stopped
 * when the lease expires and returns. Each life of a server has an epoch of its own; what is told under an older one is
 * refused, so a process that slept through its lease changes nothing.
 *
 * Invariants, for each limit, in minor units or pieces:
 *   Σ leases + Σ held + reserved + spent + available = limit    so what servers may give never passes the limit
 *   lease ≤ chunk = max(least, ⌊share · (available + lease)⌋) ≤ max(least, ⌊share · limit⌋) after a renewal
 * so what lies stranded when servers die is at most leases × chunk; it returns when their leases expire, with the next look
 * of anybody: within 2 · ttlMs where another server renews. What is held stays held until the offers are over.
 *
 * A purchase that was told and that nothing covers (its server died, and others have used what came back) is a fact, and
 * booked as `uncovered`, straight from `issued`: the one way in which more than the limit is spent, and never silent.
 */
import type { CampaignSlot } from '../budget-words.ts'
import { Accounts, account, type Place } from './accounts.ts'
import { machineWatch, tick, type Watch } from './clock.ts'
import type { Ledger } from './database.ts'
import { expireLeases, leaseOf, newLife, prolong } from './lives.ts'

export interface LeaseTerms {
  /** Milliseconds from a renewal to the end of a lease. */
  ttlMs: number
  /** Share of what is available that one server takes, in basis points. */
  shareBps: number
  /** A chunk of money is not smaller, while so much is available; of uses and units it is 1. */
  leastMinor: number
}

/** What a server tells of one limit. */
export interface LimitReport {
  campaign: string
  slot: CampaignSlot
  /** As the campaign file says. */
  limit: number
  /** All that this server was told of purchases, ever. */
  spent: number
  /** What offers may take that hold now. */
  held: number
  /** Of its lease; it gives none of it any more. */
  giveBack: number
  /** The first report of this limit in this life. */
  begins: boolean
  /** Whether it wants its chunk filled: not where the limit is gone, or the server stops. */
  wants: boolean
}

export interface Renewal {
  /** Name of the server, the same in all its lives. */
  holder: string
  /** As the last answer told it; 0: a new life begins. */
  epoch: number
  /** In how many milliseconds the last of the offers is over that hold now. */
  heldForMs: number
  limits: LimitReport[]
  /** The server stops: the rest of the lease comes back at once. */
  ends?: boolean
}

export interface RenewedLimit {
  /** How much more than before this server may have spent, held and left: its cover grows by it. */
  granted: number
  /** Where it begins: how much more the ledger knows to be spent than the server told; to be added to all it tells. */
  ahead: number
  /** What others could take now. */
  available: number
  chunk: number
  /** What other servers have spent and hold: what paces a budget has to know of it. */
  elsewhere: number
  /** Purchases among those told just now that nothing covered. */
  uncovered: number
}

/** Null: the lease was lost, to its end or to a later life; a new life has to begin. */
export type LeaseAnswer = { epoch: number; ttlMs: number; limits: RenewedLimit[] } | null

export class Leases {
  readonly #ledger: Ledger
  readonly #terms: LeaseTerms
  readonly #watch: Watch

  constructor(ledger: Ledger, terms: LeaseTerms, watch = machineWatch()) {
    this.#ledger = ledger
    this.#terms = terms
    this.#watch = watch
  }

  /** In one commit: what ran out comes back, what the server tells is booked, and its chunks are filled up. */
  renew(renewal: Renewal): Promise<LeaseAnswer> {
    const { ttlMs } = this.#terms
    return this.#ledger.write(async (tables) => {
      const accounts = new Accounts(tables, await tick(tables, this.#watch))
      await expireLeases(accounts)
      const epoch = renewal.epoch === 0 ? await newLife(accounts, renewal.holder) : renewal.epoch
      if (!(await prolong(accounts, renewal, epoch, ttlMs))) return null
      const limits: RenewedLimit[] = []
      for (const report of renewal.limits) limits.push(await this.#renewLimit(accounts, renewal.holder, epoch, report))
      if (renewal.ends) await expireLeases(accounts)
      return { epoch, ttlMs, limits }
    })
  }

  async #renewLimit(accounts: Accounts, holder: string, epoch: number, report: LimitReport): Promise<RenewedLimit> {
    const { begins, wants } = report
    const book = new LimitBook(accounts, report, holder, epoch)
    await accounts.grant(report.campaign, report.slot, report.limit)
    if (begins) await accounts.open(account(report.campaign, report.slot, 'lease', leaseOf(holder, epoch)))
    const [spentBefore, heldBefore] = [await book.balance('spent'), await book.balance('held')]
    const ahead = begins ? Math.max(0, spentBefore - report.spent) : 0
    // A new life knows its purchases and offers from its log; what the ledger has of them is its cover to begin with.
    const inherited = begins ? spentBefore - ahead + heldBefore : 0
    const settled = await book.settle(report.spent + ahead - spentBefore)
    const covered = settled.foreign + (await book.hold(report.held))
    await book.giveBack(report.giveBack)
    const chunk = this.#chunkOf(
      report.slot,
      Math.max(0, await book.balance('available')) + (await book.balance('lease')),
    )
    // Offers that were over before a new life began leave more on its lease than a chunk.
    const trimmed = begins ? await book.giveBack((await book.balance('lease')) - chunk) : 0
    const filled = wants ? await book.fill(chunk) : 0
    const available = Math.max(0, await book.balance('available'))
    const granted = inherited + covered + filled - trimmed
    const elsewhere = await book.elsewhere()
    return { granted, ahead, available, chunk, elsewhere, uncovered: settled.uncovered }
  }

  #chunkOf(slot: CampaignSlot, left: number): number {
    const least = slot === 'minor' ? this.#terms.leastMinor : 1
    return Math.max(least, Math.floor((left * this.#terms.shareBps) / 10_000))
  }
}

/** The accounts of one limit, as one life of a server moves between them. */
class LimitBook {
  readonly #accounts: Accounts
  readonly #report: LimitReport
  readonly #holder: string
  readonly #lease: string

  constructor(accounts: Accounts, report: LimitReport, holder: string, epoch: number) {
    this.#accounts = accounts
    this.#report = report
    this.#holder = holder
    this.#lease = leaseOf(holder, epoch)
  }

  balance(place: Place): Promise<number> {
    return this.#accounts.balance(this.#at(place))
  }

  /**
   * Books purchases of `amount`: from what was held, the lease, what is available, and what there is not. Answers with what of it
   * was not the server's own, and what was nobody's.
   */
  async settle(amount: number): Promise<{ foreign: number; uncovered: number }> {
    let left = Math.max(0, amount)
    left -= await this.#moveUpTo(left, 'held', 'spent', 'settled')
    left -= await this.#moveUpTo(left, 'lease', 'spent', 'settled')
    const foreign = left
    left -= await this.#moveUpTo(left, 'available', 'spent', 'settled')
    await this.#accounts.move(left, this.#at('issued'), this.#at('spent'), { kind: 'uncovered', cause: this.#holder })
    return { foreign, uncovered: left }
  }

  /** Brings what is held to `amount`, as far as there is any. Answers with what of it was not the server's own. */
  async hold(amount: number): Promise<number> {
    const held = await this.balance('held')
    await this.#moveUpTo(held - amount, 'held', 'lease', 'freed')
    const more = amount - held
    const own = await this.#moveUpTo(more, 'lease', 'held', 'held')
    return this.#moveUpTo(more - own, 'available', 'held', 'held')
  }

  /** Answers with what left the lease. */
  async giveBack(amount: number): Promise<number> {
    return this.#moveUpTo(amount, 'lease', 'available', 'returned')
  }

  /** What is spent and held by others. */
  async elsewhere(): Promise<number> {
    const { campaign, slot } = this.#report
    const { used } = await this.#accounts.tables
      .selectFrom('accounts')
      .select(({ fn }) => fn.sum<number | null>('balance').as('used'))
      .where('campaign', '=', campaign)
      .where('slot', '=', slot)
      .where('place', 'in', ['held', 'reserved', 'spent'])
      .where('holder', '<>', this.#holder)
      .executeTakeFirstOrThrow()
    return used ?? 0
  }

  /** Answers with what came to the lease. */
  async fill(chunk: number): Promise<number> {
    return this.#moveUpTo(chunk - (await this.balance('lease')), 'available', 'lease', 'leased')
  }

  async #moveUpTo(most: number, from: Place, to: Place, kind: 'settled' | 'held' | 'freed' | 'returned' | 'leased') {
    if (most <= 0) return 0
    const amount = Math.min(most, Math.max(0, await this.balance(from)))
    await this.#accounts.move(amount, this.#at(from), this.#at(to), { kind, cause: this.#holder })
    return amount
  }

  #at(place: Place) {
    const holder = place === 'lease' ? this.#lease : place === 'held' || place === 'spent' ? this.#holder : ''
    return account(this.#report.campaign, this.#report.slot, place, holder)
  }
}
