/**
 * Double entry. Of each limit of a campaign (money, uses, units of stock) there are accounts:
 *
 *   issued      − what the merchant gave, the one source of all others
 *   available   for anybody                        reserved   for redemptions that are not confirmed
 *   lease       for one server's next offers       held       for offers that one server gave
 *   spent       confirmed redemptions, and purchases that one server was told of
 *
 * Each movement takes an amount from one account and puts it to another, in the same transaction, and has its row.
 *
 * Invariants: the accounts of a limit sum to 0; a balance is the sum of its movements; only `issued` lies below 0, and
 * `available` where a limit was cut under what was already given (SQLite itself refuses any other). Minor units or pieces,
 * whole numbers.
 */
import type { CampaignSlot } from '../budget-words.ts'
import type { Tables } from './database.ts'

export type Place = 'issued' | 'available' | 'lease' | 'held' | 'reserved' | 'spent'

export interface Account {
  campaign: string
  slot: CampaignSlot
  place: Place
  /** The server whose account it is; absent: the campaign's. */
  holder?: string
}

export const MOVEMENT_KINDS = [
  'granted',
  'reserved',
  'confirmed',
  'expired',
  'reversed',
  'leased',
  'returned',
  'held',
  'freed',
  'settled',
  'uncovered',
] as const
export type MovementKind = (typeof MOVEMENT_KINDS)[number]

export interface Why {
  kind: MovementKind
  /** The redemption, or the server. */
  cause: string
}

/** The accounts, in one transaction at one time of the ledger's clock. */
export class Accounts {
  readonly tables: Tables
  readonly time: number

  constructor(tables: Tables, time: number) {
    this.tables = tables
    this.time = time
  }

  async balance({ campaign, slot, place, holder = '' }: Account): Promise<number> {
    const row = await this.tables
      .selectFrom('accounts')
      .select('balance')
      .where('campaign', '=', campaign)
      .where('slot', '=', slot)
      .where('place', '=', place)
      .where('holder', '=', holder)
      .executeTakeFirst()
    return row?.balance ?? 0
  }

  /** Opens an account, with nothing on it, where there is none. */
  async open({ campaign, slot, place, holder = '' }: Account): Promise<void> {
    await this.tables
      .insertInto('accounts')
      .values({ campaign, slot, place, holder, balance: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  /** Moves what is there: less than nothing may be left on `issued` and `available` alone. An amount of 0 moves nothing. */
  async move(amount: number, source: Account, target: Account, { kind, cause }: Why): Promise<void> {
    if (amount === 0) return
    if (!(Number.isSafeInteger(amount) && amount > 0)) throw new RangeError(`invalid amount of a movement: ${amount}`)
    const from = await this.#add(source, -amount)
    const to = await this.#add(target, amount)
    await this.tables
      .insertInto('movements')
      .values({ at: this.time, kind, source: from, target: to, amount, cause })
      .execute()
  }

  /** What would be available of a limit once it was brought to what the campaign file says. */
  async availableOf(campaign: string, slot: CampaignSlot, limit: number): Promise<number> {
    const missing = limit + (await this.balance(account(campaign, slot, 'issued')))
    return missing + (await this.balance(account(campaign, slot, 'available')))
  }

  /** Brings what was issued of a limit to what the campaign file says. */
  async grant(campaign: string, slot: CampaignSlot, limit: number): Promise<void> {
    const [issued, available] = [account(campaign, slot, 'issued'), account(campaign, slot, 'available')]
    const missing = limit + (await this.balance(issued))
    const why: Why = { kind: 'granted', cause: 'campaigns' }
    if (missing >= 0) await this.move(missing, issued, available, why)
    else await this.move(-missing, available, issued, why)
  }

  async #add({ campaign, slot, place, holder = '' }: Account, amount: number): Promise<number> {
    const changed = await this.tables
      .updateTable('accounts')
      .set(({ eb }) => ({ balance: eb('balance', '+', amount) }))
      .where('campaign', '=', campaign)
      .where('slot', '=', slot)
      .where('place', '=', place)
      .where('holder', '=', holder)
      .returning('id')
      .executeTakeFirst()
    if (changed !== undefined) return changed.id
    const made = await this.tables
      .insertInto('accounts')
      .values({ campaign, slot, place, holder, balance: amount })
      .returning('id')
      .executeTakeFirstOrThrow()
    return made.id
  }
}

export function account(campaign: string, slot: CampaignSlot, place: Place, holder = ''): Account {
  return { campaign, slot, place, holder }
}
