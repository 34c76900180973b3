/**
 * The words that budgets lie in: 64 bits for each limit, in memory that all threads share. A word is what may still be promised.
 *
 * Whoever promises first takes the amount from the word, by compare-and-exchange, so the sum of promises never passes what was
 * put there, however many threads decide at once. Where the words hold a lease (`ledger/leases.ts`), one more word tells until
 * when; after that nothing is taken.
 */
import type { CampaignId } from '../contract/ids.ts'

/** What is counted of a campaign: money, redemptions, units that are set aside for it. */
export const CAMPAIGN_SLOTS = ['minor', 'uses', 'stock'] as const
export type CampaignSlot = (typeof CAMPAIGN_SLOTS)[number]

/** Under which a campaign's limit is kept: its budget under its id. */
export function limitKey(campaign: CampaignId, slot: CampaignSlot): string {
  return slot === 'minor' ? campaign : `${campaign} ${slot}`
}

/** Limits that are remembered at once; a file has 1,000 campaigns at most. */
export const BUDGET_SLOTS = 8192

/** Milliseconds of the machine's watch, in the word after the last; 0: for ever. */
const DEADLINE = BUDGET_SLOTS

export function budgetMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * (BUDGET_SLOTS + 1))
}

/** Any thread's view: slots are told by the owner. */
export class BudgetView {
  readonly #left: BigInt64Array
  /** The same words by halves, the lower one first. */
  readonly #halves: Int32Array
  readonly #watch: () => number

  /** `watch`: as in `Watch`, what a lease's end is told in. */
  constructor(memory: SharedArrayBuffer, watch: () => number = machineTime) {
    this.#left = new BigInt64Array(memory)
    this.#halves = new Int32Array(memory)
    this.#watch = watch
  }

  /** Until when anything may be taken; 0: for ever. */
  set deadline(ms: number) {
    Atomics.store(this.#left, DEADLINE, BigInt(ms))
  }

  get isOver(): boolean {
    const deadline = this.balance(DEADLINE)
    return deadline !== 0 && this.#watch() >= deadline
  }

  /** Minor units that may be taken now, at least 0. */
  remaining(slot: number): number {
    return this.isOver ? 0 : Math.max(0, this.balance(slot))
  }

  /**
   * Minor units left; below 0 where a budget has shrunk under what was promised. Every budget is read for every decision, and a
   * BigInt is an object: so by halves.
   */
  balance(slot: number): number {
    const halves = this.#halves
    for (;;) {
      const high = halves[2 * slot + 1]
      const low = halves[2 * slot]
      if (Atomics.load(halves, 2 * slot + 1) === high) return high * 2 ** 32 + (low >>> 0)
    }
  }

  /** Takes `amountMinor`, or nothing and answers false where less is left, or the lease is over. */
  reserve(slot: number, amountMinor: number): boolean {
    return !this.isOver && this.take(slot, amountMinor)
  }

  /** As `reserve`, also when the lease is over. */
  take(slot: number, amountMinor: number): boolean {
    const amount = BigInt(amountMinor)
    for (let left = Atomics.load(this.#left, slot); left >= amount; ) {
      const seen = Atomics.compareExchange(this.#left, slot, left, left - amount)
      if (seen === left) return true
      left = seen
    }
    return false
  }

  /** Gives back what was taken, or changes the budget by a signed amount. */
  add(slot: number, amountMinor: number): void {
    Atomics.add(this.#left, slot, BigInt(amountMinor))
  }
}

/** Milliseconds that this machine counts since it started: no clock that anybody sets. */
export function machineTime(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
