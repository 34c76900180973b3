/**
 * The ledger's clock: what reservations and leases expire by.
 *
 *   clock += reading − last reading     where both readings are of one watch and the later one is not smaller; else += 0
 *
 * Milliseconds, of no epoch: only differences mean anything. A watch is a clock that counts the time that passes and that
 * nobody sets, shared by all processes of a machine since it started (CLOCK_MONOTONIC). The wall clock is not asked, so
 * setting it, by a day forward or back, expires nothing and keeps nothing alive.
 *
 * Invariant: between two looks the clock goes on by at most the time that really passed. Looks are made in transactions
 * that write, so they stand in one order, and what each adds is the time since the look before it: no time is added twice,
 * however many processes look. So nothing expires early. Late it may: while nobody has the ledger open, while the machine
 * sleeps, and once after it has started, the clock stands.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import type { Kysely } from 'kysely'
import { machineTime } from '../budget-words.ts'
import type { LedgerTables } from './schema.ts'

export interface Watch {
  /** Readings of watches with another id are of another clock. */
  id: string
  /** Milliseconds, whole. */
  read: () => number
}

/** The watch of this machine since its start; of this process alone where the start cannot be told. */
export function machineWatch(): Watch {
  return { id: machineStart() ?? randomUUID(), read: machineTime }
}

/** Null where it cannot be told: not Linux. A process then counts the time between its own looks alone, which is never too much. */
function machineStart(): string | null {
  const boot = readable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  // Containers share the kernel's start, but may see another offset of its clock.
  const offset = readable(() => readlinkSync('/proc/self/ns/time')) ?? ''
  return boot === null ? null : `${boot} ${offset}`
}

function readable(read: () => string): string | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** Looks at the watch, in a transaction that writes; answers with the ledger's time. */
export async function tick(ledger: Kysely<LedgerTables>, watch: Watch): Promise<number> {
  const row = await ledger.selectFrom('ledger').select(['clock_ms', 'watch', 'watch_ms']).executeTakeFirstOrThrow()
  const reading = watch.read()
  const passed = row.watch === watch.id ? Math.max(0, reading - row.watch_ms) : 0
  const time = row.clock_ms + passed
  await ledger.updateTable('ledger').set({ clock_ms: time, watch: watch.id, watch_ms: reading }).execute()
  return time
}
