/** The thread that writes the ledger: what it commits is on the disk before it answers, which would hold the HTTP thread up. */
import { randomInt } from 'node:crypto'
import type { Fault } from '../../core/contract/errors.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { workerData } from '../../core/native/pool.ts'
import { type CodeOrder, type MadeCode, makeCodes } from '../../core/store/ledger/codes.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import {
  type Redeemed,
  type Redemption,
  Redemptions,
  type RedemptionTerms,
} from '../../core/store/ledger/redemptions.ts'

export interface LedgerSetup {
  file: string
}

/** One of the two. `now`: milliseconds since 1970. */
export interface LedgerTask {
  redeem?: { asked: Redemption[]; terms: ReadonlyMap<string, RedemptionTerms> }
  make?: { order: CodeOrder; now: number }
}

/** An error loses its class between threads. */
export type Refused = { fault: Fault }

export interface LedgerResult {
  /** In the order of what was asked. */
  redeemed: (Redeemed | Refused)[]
  made: MadeCode[] | Refused
}

const { file } = workerData as LedgerSetup
const database = openLedger(file)
const redemptions = new Redemptions(database)

export default function ledgerTask({ redeem, make }: LedgerTask): LedgerResult {
  return {
    redeemed: redeem === undefined ? [] : redemptions.redeemAll(redeem.asked, redeem.terms).map(told),
    made: make === undefined ? [] : made(make),
  }
}

function told(outcome: Redeemed | OfferwrightError): Redeemed | Refused {
  return outcome instanceof OfferwrightError ? { fault: outcome.toJSON().error } : outcome
}

function made({ order, now }: NonNullable<LedgerTask['make']>): MadeCode[] | Refused {
  try {
    return [...makeCodes(database, order, randomInt, now)].flat()
  } catch (error) {
    if (error instanceof OfferwrightError) return { fault: error.toJSON().error }
    throw error
  }
}
