/**
 * What is left of each campaign's limits, its budget before all, as its owner knows it.
 *
 *   remaining = budget − spent − reserved
 *
 * Workers take from the words in shared memory (`budget-words.ts`). The owning thread gives a reservation back
 * when its offer has expired, less what was used meanwhile. Expiries are kept as sums per campaign and minute, so
 * memory does not grow with the number of offers.
 *
 * A budget here is what this process may give: the campaign's, or where several servers share it what it has leased.
 */
import { BUDGET_SLOTS, BudgetView, budgetMemory } from './budget-words.ts'
import { ReturnAccounts } from './returns.ts'

const MINUTE_MS = 60_000

interface Account {
  slot: number
  budgetMinor: number
  /** Reserved minor units by the minute in which they come free. */
  reserved: Map<number, number>
  /** What of them is expected to be used. */
  expected: Map<number, number>
  spent: number
  /** What other servers have used of the same limit. */
  elsewhere: number
}

/** The owner: knows budgets, spending and expiries. Limits go by their `limitKey`. */
export class BudgetLedger {
  readonly memory: SharedArrayBuffer
  readonly returns = new ReturnAccounts()
  readonly #view: BudgetView
  readonly #accounts = new Map<string, Account>()
  readonly #bySlot: Account[] = []
  readonly #steady: (time: number) => number

  /** `steady` turns times of the wall clock into those of one that nobody sets; absent: they are such. */
  constructor(memory = budgetMemory(), steady: (time: number) => number = (time) => time) {
    this.memory = memory
    this.#view = new BudgetView(memory)
    this.#steady = steady
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

  /** The slot of a limit of which this process has nothing yet, where it had none before. */
  slotOf(campaign: string): number {
    return this.#account(campaign).slot
  }

  /** Changes what this process may give by a signed amount. */
  grow(campaign: string, amountMinor: number): void {
    this.setBudget(campaign, this.#account(campaign).budgetMinor + amountMinor)
  }

  /** Takes up to `amountMinor` out of use; answers with how much it was. */
  shrink(campaign: string, amountMinor: number): number {
    const account = this.#account(campaign)
    const amount = Math.min(amountMinor, this.#view.balance(account.slot))
    if (amount <= 0 || !this.#view.take(account.slot, amount)) return 0
    account.budgetMinor -= amount
    return amount
  }

  /** Nothing may be given after it, in milliseconds of the machine's watch; 0: no such end. */
  set deadline(ms: number) {
    this.#view.deadline = ms
  }

  /** What was spent, what is held back, and when the last that is held back is over, in the time that `release` is told. */
  standing(campaign: string): { spent: number; held: number; until: number } {
    const { spent, reserved } = this.#account(campaign)
    let last = Number.NEGATIVE_INFINITY
    for (const minute of reserved.keys()) last = Math.max(last, minute)
    return { spent, held: Math.max(0, this.heldBack(campaign)), until: last * MINUTE_MS }
  }

  /** Whether a budget was ever set; only then may something be spent or restored. */
  knows(campaign: string): boolean {
    return this.#accounts.has(campaign)
  }

  /** Notes a reservation that a worker has already taken from the shared word. */
  noteReserved(slot: number, amountMinor: number, validUntil: number, expectedMinor = 0): void {
    const { reserved, expected } = this.#bySlot[slot]
    addTo(reserved, this.#expiryMinute(validUntil), amountMinor)
    addTo(expected, this.#expiryMinute(validUntil), expectedMinor)
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
    const minute = this.#expiryMinute(validUntil)
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
    const held = Math.min(amountMinor, reserved.get(this.#expiryMinute(validUntil)) ?? 0)
    if (held > 0) addTo(reserved, this.#expiryMinute(validUntil), -held)
    this.#view.add(slot, held)
  }

  /** Notes what other servers have used. */
  noteElsewhere(campaign: string, amountMinor: number): void {
    this.#account(campaign).elsewhere = amountMinor
  }

  /** Minor units that were spent, by all servers, and what this one's offers that still hold are expected to cost. */
  used(campaign: string): { spent: number; outstanding: number } {
    const { spent, elsewhere, expected } = this.#account(campaign)
    return { spent: spent + elsewhere, outstanding: [...expected.values()].reduce((sum, minor) => sum + minor, 0) }
  }

  /** Gives back the reservations of offers that have expired at `now`. */
  release(time: number): void {
    const now = this.#steady(time)
    for (const { slot, reserved, expected } of this.#accounts.values()) {
      for (const minute of expected.keys()) if (minute * MINUTE_MS <= now) expected.delete(minute)
      for (const [minute, amountMinor] of reserved) {
        if (minute * MINUTE_MS > now) continue
        this.#view.add(slot, amountMinor)
        reserved.delete(minute)
      }
    }
  }

  #expiryMinute(validUntil: number): number {
    return Math.ceil(this.#steady(validUntil) / MINUTE_MS)
  }

  remaining(campaign: string): number {
    return Math.max(0, this.#view.balance(this.#account(campaign).slot))
  }

  #account(campaign: string): Account {
    const known = this.#accounts.get(campaign)
    if (known) return known
    const slot = this.#bySlot.length
    if (slot === BUDGET_SLOTS) throw new RangeError(`more than ${BUDGET_SLOTS} campaigns since the start`)
    const account = { slot, budgetMinor: 0, reserved: new Map(), expected: new Map(), spent: 0, elsewhere: 0 }
    this.#accounts.set(campaign, account)
    this.#bySlot.push(account)
    return account
  }
}

function addTo(sums: Map<number, number>, key: number, amount: number): void {
  const sum = (sums.get(key) ?? 0) + amount
  if (sum === 0) sums.delete(key)
  else sums.set(key, sum)
}
