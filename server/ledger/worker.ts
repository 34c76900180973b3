/** The thread that writes the ledger: what it commits is on the disk before it answers, which would hold the HTTP thread up. */
import { randomInt } from 'node:crypto'
import type { Fault } from '../../core/contract/errors.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { workerData } from '../../core/native/pool.ts'
import { type CodeOrder, type MadeCode, makeCodes } from '../../core/store/ledger/codes.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import {
  type LedgerRequest,
  type Redeemed,
  Redemptions,
  type RedemptionTerms,
} from '../../core/store/ledger/redemptions.ts'
import type { Spent } from '../../core/store/ledger/spending.ts'

export interface LedgerSetup {
  file: string
}

/** One of them. `now`: milliseconds since 1970. */
export type LedgerTask =
  | { perform: LedgerRequest[]; terms: ReadonlyMap<string, RedemptionTerms> }
  | { make: { order: CodeOrder; now: number } }

/** An error loses its class between threads. */
export type Refused = { fault: Fault }

export interface LedgerResult {
  /** In the order of what was asked. */
  performed: (Redeemed | Refused)[]
  /** Of campaigns whose reservations expired. */
  changed: Spent[]
  made: MadeCode[] | Refused
}

const { file } = workerData as LedgerSetup
const ledger = openLedger(file)
const redemptions = new Redemptions(ledger)

export default async function ledgerTask(task: LedgerTask): Promise<LedgerResult> {
  if ('make' in task) return { performed: [], changed: [], made: await made(task.make) }
  const changed: Spent[] = []
  const performed = await redemptions.perform(task.perform, task.terms, (spent) => changed.push(spent))
  return { performed: performed.map(told), changed, made: [] }
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
