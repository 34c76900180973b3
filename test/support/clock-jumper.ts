/**
 * A server as far as budgets and codes go, whose wall clock is set by a day forward and back all the while. Whether something
 * came free too early or was kept too long it tells by a watch that nobody sets, which runs sixty times as fast, so that a
 * reservation of a minute is over after a second.
 */
import { readFileSync } from 'node:fs'
import { Random } from '../../bench/random.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { BudgetView, budgetMemory, machineTime } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { machineWatch } from '../../core/store/ledger/clock.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import { Leases } from '../../core/store/ledger/leases.ts'
import { type LedgerRequest, Redemptions } from '../../core/store/ledger/redemptions.ts'
import { LeaseKeeper } from '../../server/ledger/lease-keeper.ts'
import { steadyTime } from '../../server/live/steady.ts'
import { pause } from './children.ts'
import { OPEN } from './ledger.ts'

export interface JumperSetup {
  ledger: string
  codes: string
  name: string
  seed: number
  jumps: number
  budgetMinor: number
}

export interface Jumped {
  jumps: number
  /** What was given, and what came free before its time. */
  givenMinor: number
  releasedMinor: number
  /** Reservations that were confirmed in time and out of time, and those that were refused wrongly. */
  confirmed: number
  expired: number
  releasedReservations: number
  keptReservations: number
  lostLeases: number
}

const DAY_MS = 86_400_000
const TIMES = 60
const MINUTE_MS = 60_000
const setup = JSON.parse(process.argv[2]) as JumperSetup
const random = new Random(setup.seed)
const wallNow = Date.now
let offMs = 0
Date.now = () => wallNow() + offMs
/** In milliseconds that pass sixty times as fast. */
const watchNow = () => machineTime() * TIMES
const watch = { id: `${machineWatch().id} x${TIMES}`, read: watchNow }

const ledger = openLedger(setup.ledger)
const redemptions = new Redemptions(ledger, watch)
const leases = new Leases(ledger, { ttlMs: 2 * MINUTE_MS, shareBps: 2500, leastMinor: 1 }, watch)
const budgets = new BudgetLedger(budgetMemory(), steadyTime(Date.now, machineTime))
const view = new BudgetView(budgets.memory, watchNow)
const codes = readFileSync(setup.codes, 'utf8').split('\n')
const terms = new Map([['spring', { ...OPEN, budgetMinor: setup.budgetMinor }]])
const told: Jumped = {
  jumps: 0,
  givenMinor: 0,
  releasedMinor: 0,
  confirmed: 0,
  expired: 0,
  releasedReservations: 0,
  keptReservations: 0,
  lostLeases: 0,
}
const keeper = new LeaseKeeper({
  holder: setup.name,
  budgets,
  limits: () => [{ campaign: 'summer', slot: 'minor', limit: setup.budgetMinor }],
  renew: (renewal) => leases.renew(renewal),
  onUncovered: () => undefined,
  onLost: () => told.lostLeases++,
  watch: watchNow,
})

/** Offers that hold for a while, and when they are over by the watch of the machine. */
let offers: { minor: number; until: number }[] = []
let reserved: { id: string; until: number; latest: number }[] = []

async function once(n: number): Promise<void> {
  offMs = [-DAY_MS, 0, DAY_MS][random.below(3)]
  told.jumps++
  await keeper.look()
  give()
  release()
  await reserve(n)
  await settle()
  await pause(5)
}

function give(): void {
  const minor = 1 + random.below(5)
  const slot = budgets.slotOf('summer')
  if (!view.reserve(slot, minor)) return
  const validMs = 50 + random.below(400)
  offers.push({ minor, until: machineTime() + validMs })
  budgets.noteReserved(slot, minor, Date.now() + validMs)
  told.givenMinor += minor
}

/** What is held for offers that still hold may not come free, whatever the wall clock says. */
function release(): void {
  budgets.release(Date.now())
  const now = machineTime()
  offers = offers.filter(({ until }) => until > now)
  const holding = offers.reduce((sum, { minor }) => sum + minor, 0)
  told.releasedMinor += Math.max(0, holding - budgets.standing('summer').held)
}

async function reserve(n: number): Promise<void> {
  const code = codes[random.below(codes.length)]
  const id = `${setup.name}-${n}`
  const before = watchNow()
  const outcome = await perform({ reserve: { id, code, discountMinor: 1, time: Date.now(), expiresInMinutes: 1 } })
  if (outcome === 'done') reserved.push({ id, until: before + MINUTE_MS, latest: watchNow() + MINUTE_MS })
}

/** Confirmed in the last tenth of its time, or after it. */
async function settle(): Promise<void> {
  const left: typeof reserved = []
  for (const one of reserved) {
    const early = random.below(2) === 0 ? one.until - MINUTE_MS / 4 : one.latest
    if (watchNow() < early) {
      left.push(one)
      continue
    }
    const before = watchNow()
    const outcome = await perform({ confirm: { id: one.id, time: Date.now() } })
    const after = watchNow()
    if (outcome === 'done') told.confirmed++
    else told.expired++
    if (outcome !== 'done' && after < one.until) told.releasedReservations++
    if (outcome === 'done' && before >= one.latest) told.keptReservations++
    if (outcome === 'done')
      await perform({ reverse: { redemption: one.id, id: 'x', reopenCode: true, time: Date.now() } })
  }
  reserved = left
}

async function perform(request: LedgerRequest): Promise<string> {
  const [outcome] = await redemptions.perform([request], terms)
  return outcome instanceof OfferwrightError ? outcome.code : 'done'
}

for (let n = 0; n < setup.jumps; n++) await once(n)
await keeper.end()
process.send?.(told)
process.disconnect()
