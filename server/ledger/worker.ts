/** The thread that writes the ledger: what it commits is on the disk before it answers, which would hold the HTTP thread up. */
import type { Fault } from '../../core/contract/errors.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { workerData } from '../../core/native/pool.ts'
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

export interface LedgerTask {
  asked: Redemption[]
  terms: ReadonlyMap<string, RedemptionTerms>
}

/** In the order of the task; a refusal as its fault, because an error loses its class between threads. */
export type LedgerResult = (Redeemed | { fault: Fault })[]

const { file } = workerData as LedgerSetup
const redemptions = new Redemptions(openLedger(file))

export default function redeemTask({ asked, terms }: LedgerTask): LedgerResult {
  return redemptions
    .redeemAll(asked, terms)
    .map((outcome) => (outcome instanceof OfferwrightError ? { fault: outcome.toJSON().error } : outcome))
}
