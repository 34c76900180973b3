/** The thread that writes the ledger: what it commits is on the disk before it answers, which would hold the HTTP thread up. */
import { randomInt } from 'node:crypto'
import type { Fault } from '../../core/contract/errors.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { workerData } from '../../core/native/pool.ts'
import { type CodeOrder, type MadeCode, makeCodes } from '../../core/store/ledger/codes.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import type { RedemptionTerms } from '../../core/store/ledger/guards.ts'
import { type LeaseAnswer, Leases, type LeaseTerms, type Renewal } from '../../core/store/ledger/leases.ts'
import { type LedgerRequest, type Redeemed, Redemptions } from '../../core/store/ledger/redemptions.ts'
import type { Spent } from '../../core/store/ledger/spending.ts'

export interface LedgerSetup {
  file: string
  leases: LeaseTerms
}

/** One of them. `now`: milliseconds since 1970. */
export type LedgerTask =
  | { perform: LedgerRequest[]; terms: ReadonlyMap<string, RedemptionTerms> }
  | { make: { order: CodeOrder; now: number } }
  | { renew: Renewal }

/** An error loses its class between threads. */
export type Refused = { fault: Fault }

export interface LedgerResult {
  /** In the order of what was asked. */
  performed: (Redeemed | Refused)[]
  /** Of campaigns whose reservations expired. */
  changed: Spent[]
  made: MadeCode[] | Refused
  renewed: LeaseAnswer
}

const NOTHING: LedgerResult = { performed: [], changed: [], made: [], renewed: null }

const { file, leases: leaseTerms } = workerData as LedgerSetup
const ledger = openLedger(file)
const redemptions = new Redemptions(ledger)
const leases = new Leases(ledger, leaseTerms)

export async function run(task: LedgerTask): Promise<LedgerResult> {
  if ('make' in task) return { ...NOTHING, made: await made(task.make) }
  if ('renew' in task) return { ...NOTHING, renewed: await leases.renew(task.renew) }
  const changed: Spent[] = []
  const performed = await redemptions.perform(task.perform, task.terms, (spent) => changed.push(spent))
  return { ...NOTHING, performed: performed.map(told), changed }
}

function told(outcome: Redeemed | OfferwrightError): Redeemed | Refused {
  return outcome instanceof OfferwrightError ? { fault: outcome.toJSON().error } : outcome
}

async function made({ order, now }: { order: CodeOrder; now: number }): Promise<MadeCode[] | Refused> {
  const codes: MadeCode[] = []
  try {
    for await (const chunk of makeCodes(ledger, order, randomInt, now)) codes.push(...chunk)
    return codes
  } catch (error) {
    if (error instanceof OfferwrightError) return { fault: error.toJSON().error }
    throw error
  }
}
