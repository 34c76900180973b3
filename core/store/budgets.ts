/**
 * What is left of each campaign's limits, its budget before all: one 64-bit word a limit in shared memory.
 *
 *   remaining = budget − spent − reserved
 *
 * A worker that issues an offer first takes what it may cost from the word, by compare-and-exchange, so the sum of
 * promises never passes the budget however many workers decide at once. The owning thread gives a reservation back
 * when its offer has expired, less what was used meanwhile. Expiries are kept as sums per campaign and minute, so
 * memory does not grow with the number of offers.
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
const MINUTE_MS = 60_000

export function budgetMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * BUDGET_SLOTS)
}

/** Any thread's view: slots are told by the owner. */
export class BudgetView {
  readonly #left: BigInt64Array
  /** The same words by halves, the lower one first. */
  readonly #halves: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#left = new BigInt64Array(memory)
    this.#halves = new Int32Array(memory)
  }

  /** Minor units left, at least 0. */
  remaining(slot: number): number {
    return Math.max(0, this.balance(slot))
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

  /** Takes `amountMinor`, or nothing and answers false where less is left. */
  reserve(slot: number, amountMinor: number): boolean {
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

interface Account {
  slot: number
  budgetMinor: number
  /** Reserved minor units by the minute in which they come free. */
  reserved: Map<number, number>
  /** What of them is expected to be used. */
  expected: Map<number, number>
  spent: number
}

/** The owner: knows budgets, spending and expiries. Limits go by their `limitKey`. */
export class BudgetLedger {
  readonly memory: SharedArrayBuffer
  readonly #view: BudgetView
  readonly #accounts = new Map<string, Account>()
  readonly #bySlot: Account[] = []

  constructor(memory = budgetMemory()) {
    this.memory = memory
    this.#view = new BudgetView(memory)
  }

  /**
   * Sets a campaign's budget and tells its slot. What it spent and reserved before stays counted when the budget
   * changes. A campaign keeps its slot as long as the process lives.
   */
  setBudget(campaign: string, budgetMinor: number): number {
    const account = this.#account(campaign)
    this.#view.add(account.slot, budgetMinor - account.budgetMinor)
    account.budgetMinor = budgetMinor
    return account.slot
  }

  /** Whether a budget was ever set; only then may something be spent or restored. */
  knows(campaign: string): boolean {
    return this.#accounts.has(campaign)
  }

  /** Notes a reservation that a worker has already taken from the shared word. */
  noteReserved(slot: number, amountMinor: number, validUntil: number, expectedMinor = 0): void {
    const { reserved, expected } = this.#bySlot[slot]
    addTo(reserved, expiryMinute(validUntil), amountMinor)
    addTo(expected, expiryMinute(validUntil), expectedMinor)
  }

  /** Takes and notes a reservation found in the log; it counts even where the budget has shrunk since. */
  restoreReserved(campaign: string, amountMinor: number, validUntil: number): void {
    const { slot } = this.#account(campaign)
    this.#view.add(slot, -amountMinor)
    this.noteReserved(slot, amountMinor, validUntil)
  }

  /** An offer valid until `validUntil` was used: its reservation, as far as there is one, becomes spending. */
  spend(campaign: string, amountMinor: number, validUntil: number): void {
    const account = this.#account(campaign)
    const { slot, reserved } = account
    const minute = expiryMinute(validUntil)
    const held = Math.min(amountMinor, reserved.get(minute) ?? 0)
    if (held > 0) addTo(reserved, minute, -held)
    this.#view.add(slot, held - amountMinor)
    account.spent += amountMinor
  }

  /** What was spent in all, where another book is kept of it. */
  settle(campaign: string, spentMinor: number): void {
    const account = this.#account(campaign)
    this.#view.add(account.slot, account.spent - spentMinor)
    account.spent = spentMinor
  }

  /** What is taken from the shared word and not spent: held back for offers, those under way in a worker too. */
  heldBack(campaign: string): number {
    const { slot, budgetMinor, spent } = this.#account(campaign)
    return budgetMinor - spent - this.#view.balance(slot)
  }

  /** Gives the reservation of one offer back that will not be used. */
  giveBack(campaign: string, amountMinor: number, validUntil: number): void {
    const { slot, reserved } = this.#account(campaign)
    const held = Math.min(amountMinor, reserved.get(expiryMinute(validUntil)) ?? 0)
    if (held > 0) addTo(reserved, expiryMinute(validUntil), -held)
    this.#view.add(slot, held)
  }

  /** Minor units that were spent, and what offers that still hold are expected to cost. */
  used(campaign: string): { spent: number; outstanding: number } {
    const { spent, expected } = this.#account(campaign)
    return { spent, outstanding: [...expected.values()].reduce((sum, minor) => sum + minor, 0) }
  }

  /** Gives back the reservations of offers that have expired at `now`. */
  release(now: number): void {
    for (const { slot, reserved, expected } of this.#accounts.values()) {
      for (const minute of expected.keys()) if (minute * MINUTE_MS <= now) expected.delete(minute)
      for (const [minute, amountMinor] of reserved) {
        if (minute * MINUTE_MS > now) continue
        this.#view.add(slot, amountMinor)
        reserved.delete(minute)
      }
    }
  }

  remaining(campaign: string): number {
    return this.#view.remaining(this.#account(campaign).slot)
  }

  #account(campaign: string): Account {
    const known = this.#accounts.get(campaign)
    if (known) return known
    const slot = this.#bySlot.length
    if (slot === BUDGET_SLOTS) throw new RangeError(`more than ${BUDGET_SLOTS} campaigns since the start`)
    const account = { slot, budgetMinor: 0, reserved: new Map(), expected: new Map(), spent: 0 }
    this.#accounts.set(campaign, account)
    this.#bySlot.push(account)
    return account
  }
}

function expiryMinute(validUntil: number): number {
  return Math.ceil(validUntil / MINUTE_MS)
}

function addTo(sums: Map<number, number>, key: number, amount: number): void {
  const sum = (sums.get(key) ?? 0) + amount
  if (sum === 0) sums.delete(key)
  else sums.set(key, sum)
}
