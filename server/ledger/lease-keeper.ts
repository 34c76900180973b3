/**
 * Keeps this server's leases: tells the ledger what became of them, well before they end, and grows or shrinks what the words of
 * shared memory hold by what it answers. Between two renewals a decision takes from the words alone.
 *
 * Where a renewal fails, nobody knows whether it was booked. Then a new life begins, to which the ledger tells what it has; the
 * old life's lease returns when it ends. Until it is renewed nothing is given after the lease's end (`BudgetView.deadline`).
 */
import { type CampaignSlot, limitKey, machineTime } from '../../core/store/budget-words.ts'
import type { BudgetLedger } from '../../core/store/budgets.ts'
import type { LeaseAnswer, LimitReport, Renewal, RenewedLimit } from '../../core/store/ledger/leases.ts'

/** A limit that servers share. */
export interface LeasedLimit {
  campaign: string
  slot: CampaignSlot
  limit: number
}

export interface LeaseKeeperOptions {
  /** Name of this server, the same in all its lives. */
  holder: string
  budgets: BudgetLedger
  /** The limits of the campaigns that serve. */
  limits: () => readonly LeasedLimit[]
  renew: (renewal: Renewal) => Promise<LeaseAnswer>
  /** Told why; a new life begins with the next renewal. */
  onLost: (reason: string) => void
  /** Told of purchases that no budget covered: others have used what this server promised before it died. */
  onUncovered: (limit: LeasedLimit, amount: number) => void
  /** Milliseconds, as `machineTime`. */
  watch?: () => number
}

/** Between renewals that are made because a chunk runs out. */
const LEAST_PAUSE_MS = 100

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #watch: () => number
  /** What was told last of each limit of this life, by its key. */
  readonly #told = new Map<string, LeasedLimit & Pick<RenewedLimit, 'ahead' | 'available' | 'chunk'>>()
  #epoch = 0
  #ttlMs = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #renewing: Promise<boolean> | null = null

  constructor(options: LeaseKeeperOptions) {
    this.#options = options
    this.#watch = options.watch ?? machineTime
  }

  /** Renews where it is time to: a third of a lease is over, a limit is new, or a chunk runs out and there is more. */
  async look(): Promise<void> {
    const passed = this.#watch() - this.#askedAt
    if (passed >= this.#ttlMs / 3 || this.#hasNew() || (passed >= LEAST_PAUSE_MS && this.#runsOut())) await this.renew()
  }

  /** True: what was told is booked. One at a time: who asks meanwhile is answered with the one under way. */
  renew(): Promise<boolean> {
    this.#renewing ??= this.#renew(true).finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  /** The rest of the leases goes back at once. */
  async end(): Promise<void> {
    await this.#renewing
    if (this.#epoch !== 0) await this.#renew(false)
  }

  async #renew(goesOn: boolean): Promise<boolean> {
    if (this.#epoch === 0) this.#beginAnew()
    const askedAt = this.#watch()
    const reports = this.#reports(goesOn)
    const answer = await this.#ask(this.#renewalOf(reports, askedAt, goesOn))
    if (answer === null) return false
    for (const [i, renewed] of answer.limits.entries()) this.#take(reports[i], renewed)
    this.#epoch = answer.epoch
    this.#ttlMs = answer.ttlMs
    this.#askedAt = askedAt
    this.#options.budgets.deadline = askedAt + answer.ttlMs
    return true
  }

  /** What was leased before is nobody's here any more. */
  #beginAnew(): void {
    for (const key of this.#told.keys()) this.#options.budgets.setBudget(key, 0)
    this.#told.clear()
  }

  /** Limits that are gone from the campaign file are told of as well, to give their lease back. */
  #reports(goesOn: boolean): LimitReport[] {
    const limits = new Map<string, LeasedLimit>(this.#told)
    const wanted = new Set<string>()
    for (const limit of this.#options.limits()) {
      const key = limitKey(limit.campaign, limit.slot)
      limits.set(key, limit)
      if (goesOn) wanted.add(key)
    }
    return [...limits].map(([key, { campaign, slot, limit }]) => {
      const told = this.#told.get(key)
      if (told === undefined) this.#options.budgets.setBudget(key, 0)
      const giveBack = told === undefined ? 0 : this.#surplus(key, wanted.has(key) ? told.chunk : 0)
      const { spent, held } = this.#options.budgets.standing(key)
      const ahead = told?.ahead ?? 0
      return {
        campaign,
        slot,
        limit,
        spent: spent + ahead,
        held,
        giveBack,
        begins: told === undefined,
        wants: wanted.has(key),
      }
    })
  }

  #surplus(key: string, chunk: number): number {
    const { budgets } = this.#options
    return budgets.shrink(key, budgets.remaining(key) - chunk)
  }

  #renewalOf(limits: LimitReport[], now: number, goesOn: boolean): Renewal {
    const until = limits.map(({ campaign, slot }) => this.#options.budgets.standing(limitKey(campaign, slot)).until)
    const heldForMs = Math.max(0, ...until.map((time) => time - now))
    return { holder: this.#options.holder, epoch: this.#epoch, heldForMs, limits, ends: !goesOn }
  }

  async #ask(renewal: Renewal): Promise<LeaseAnswer> {
    try {
      const answer = await this.#options.renew(renewal)
      if (answer === null) this.#lose('it has ended, or this server has begun anew elsewhere')
      return answer
    } catch (error) {
      this.#lose((error as Error).message)
      return null
    }
  }

  #lose(reason: string): void {
    if (this.#epoch !== 0) this.#options.onLost(reason)
    this.#epoch = 0
  }

  #take({ campaign, slot, limit }: LimitReport, renewed: RenewedLimit): void {
    const { granted, ahead, available, chunk, elsewhere, uncovered } = renewed
    const key = limitKey(campaign, slot)
    const before = this.#told.get(key)
    this.#told.set(key, { campaign, slot, limit, ahead: before?.ahead ?? ahead, available, chunk })
    this.#options.budgets.grow(key, granted)
    this.#options.budgets.noteElsewhere(key, elsewhere)
    if (uncovered > 0) this.#options.onUncovered({ campaign, slot, limit }, uncovered)
  }

  #hasNew(): boolean {
    return this.#options.limits().some(({ campaign, slot }) => !this.#told.has(limitKey(campaign, slot)))
  }

  #runsOut(): boolean {
    const { budgets } = this.#options
    for (const [key, { available, chunk }] of this.#told)
      if (available > 0 && budgets.remaining(key) < chunk / 2) return true
    return false
  }
}
