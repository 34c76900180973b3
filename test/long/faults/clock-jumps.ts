import { fork } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { balancesOf, verifyLedger } from '../../../core/store/ledger/verify.ts'
import type { Jumped, JumperSetup } from '../../support/clock-jumper.ts'
import { testLedger } from '../../support/ledger.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

/** Wall clocks of three servers are set by a day, forward and back, each for itself; nothing may come free or be overspent by it. */
export const clockJumps: Fault = {
  name: 'clock-jumps',
  about: '10,000 jumps of a day, forward and back, under reservations, offers and leases',
  never: ['releasedMinor', 'releasedReservations', 'keptReservations', 'overspendMinor', 'crashes', 'discrepancies'],
  run: jump,
}

const JUMPER = fileURLToPath(new URL('../../support/clock-jumper.js', import.meta.url))
const SERVERS = 3
const BUDGET_MINOR = 2000
const CODES = 200

async function jump(run: FaultRun): Promise<Record<string, number>> {
  const jumps = Math.ceil(repetitions(10_000, run) / SERVERS)
  const ledger = await testLedger(run.seed)
  const codes = `${ledger.file}.codes`
  await writeFile(codes, (await ledger.make({ for: CODES })).map(({ code }) => code).join('\n'))
  const servers = Array.from({ length: SERVERS }, (_, n) =>
    jumper({ ledger: ledger.file, codes, name: `server-${n}`, seed: run.seed + n, jumps, budgetMinor: BUDGET_MINOR }),
  )
  const told = (await Promise.all(servers)).filter((each) => each !== null)
  const counts: Record<string, number> = { crashes: SERVERS - told.length }
  for (const each of told) for (const [name, count] of Object.entries(each)) counts[name] = (counts[name] ?? 0) + count
  const balances = balancesOf(ledger.reader)
  const below = balances.filter(({ place, balance }) => place === 'available' && balance < 0)
  const granted = balances.filter(({ slot, place }) => slot === 'minor' && place === 'issued')
  const over = granted.map(({ balance }) => Math.max(0, -balance - BUDGET_MINOR))
  counts.overspendMinor = [...over, ...below.map(({ balance }) => -balance)].reduce((sum, minor) => sum + minor, 0)
  counts.discrepancies = verifyLedger(ledger.reader).discrepancies.length
  await ledger.remove()
  return counts
}

/** Null: it ended otherwise than by itself. */
function jumper(setup: JumperSetup): Promise<Jumped | null> {
  const child = fork(JUMPER, [JSON.stringify(setup)])
  let told: Jumped | null = null
  child.on('message', (counts: Jumped) => {
    told = counts
  })
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0 ? told : null)))
}
