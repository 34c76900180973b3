/**
 * What is on its way to the ledger: redemptions, what becomes of them, and orders of new codes. Redemptions that come while a
 * commit is under way go with the next, so that a busy desk makes few of them. The ledger's thread begins with the first thing
 * to write, or to give back: a shop without codes has none.
 */
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import type { RedemptionAnswer, ReversalAnswer } from '../../core/contract/redemptions.ts'
import { WorkerPool } from '../../core/native/pool.ts'
import type { CodeOrder, MadeCode } from '../../core/store/ledger/codes.ts'
import type { RedemptionTerms } from '../../core/store/ledger/guards.ts'
import type { LeaseAnswer, LeaseTerms, Renewal } from '../../core/store/ledger/leases.ts'
import type { LedgerRequest, Redeemed, Redemption } from '../../core/store/ledger/redemptions.ts'
import type { Reversal } from '../../core/store/ledger/settlement.ts'
import type { Spent } from '../../core/store/ledger/spending.ts'
import type { LedgerResult, LedgerSetup, LedgerTask } from './worker.ts'

export interface LedgerDeskOptions {
  /** The shop's ledger. */
  file: string
  /** Of leases of budgets, where servers share a ledger. */
  leases: LeaseTerms
  /** Of the campaigns that serve. */
  terms: () => ReadonlyMap<string, RedemptionTerms>
  /** Told before the answer of what a campaign's codes have used by now. */
  onSpent: (spent: Spent) => void
  /** Told before the answer of who used a code of a campaign up, as `ledgerSubject` names them. */
  onConfirmed: (subject: string, campaign: string, time: number) => void
  /** Told why the ledger could not be written. */
  onFailure: (error: Error) => void
}

interface Waiting {
  request: LedgerRequest
  resolve: (answer: RedemptionAnswer | ReversalAnswer) => void
  reject: (error: OfferwrightError) => void
}

const COMMIT_REDEMPTIONS = 256
/** More than this would wait for longer than a shopper does. */
const MOST_WAITING = 2048

export class LedgerDesk {
  readonly #options: LedgerDeskOptions
  #pool: WorkerPool<LedgerTask, LedgerResult> | null = null
  #waiting: Waiting[] = []
  #committing: Promise<void> | null = null

  constructor(options: LedgerDeskOptions) {
    this.#options = options
  }

  /** Resolves when it is on the disk. Rejects with its refusal, or `overloaded` where it is not known. */
  redeem(reserve: Redemption): Promise<RedemptionAnswer> {
    return this.#perform<RedemptionAnswer>({ reserve })
  }

  /** As `redeem`. `time`: milliseconds since 1970. */
  confirm(id: string, time: number): Promise<RedemptionAnswer> {
    return this.#perform<RedemptionAnswer>({ confirm: { id, time } })
  }

  /** As `redeem`. */
  reverse(reverse: Reversal): Promise<ReversalAnswer> {
    return this.#perform<ReversalAnswer>({ reverse })
  }

  /** Rejects with `overloaded` where the ledger cannot be written, or nobody knows whether it was. */
  async renew(renewal: Renewal): Promise<LeaseAnswer> {
    const { renewed } = await this.#run({ renew: renewal })
    return renewed
  }

  /** Gives back what was reserved for longer than was asked, also before this server started. */
  async expire(): Promise<void> {
    const isInUse = this.#pool !== null || this.#options.terms().size > 0
    if (!isInUse || this.#committing !== null) return
    await this.#commit([]).catch(() => undefined)
  }

  /** Resolves with new codes when they are on the disk. Rejects as `makeCodes` throws, or `overloaded`. */
  async make(order: CodeOrder, now: number): Promise<MadeCode[]> {
    const { made } = await this.#run({ make: { order, now } })
    if ('fault' in made) throw refusal(made.fault)
    return made
  }

  /** What is under way is finished first. */
  async close(): Promise<void> {
    await this.#committing
    await this.#pool?.close()
  }

  #perform<Answer extends RedemptionAnswer | ReversalAnswer>(request: LedgerRequest): Promise<Answer> {
    if (this.#waiting.length >= MOST_WAITING) return Promise.reject(comeAgain())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve: (answer) => resolve(answer as Answer), reject })
      this.#committing ??= this.#commitAll()
    })
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, COMMIT_REDEMPTIONS)
      try {
        await this.#commit(batch)
      } catch (error) {
        for (const { reject } of batch) reject(error as OfferwrightError)
      }
    }
    // Before anybody who was answered can ask again.
    this.#committing = null
  }

  async #commit(batch: Waiting[]): Promise<void> {
    const perform = batch.map(({ request }) => request)
    const { performed, changed } = await this.#run({ perform, terms: this.#options.terms() })
    for (const spent of changed) this.#options.onSpent(spent)
    performed.forEach((result, i) => {
      const { resolve, reject } = batch[i]
      if ('fault' in result) reject(refusal(result.fault))
      else resolve(this.#told(result))
    })
  }

  #told({ answer, spent, confirmedFor }: Redeemed): RedemptionAnswer | ReversalAnswer {
    this.#options.onSpent(spent)
    if (confirmedFor !== null && 'redeemedAt' in answer)
      this.#options.onConfirmed(confirmedFor, answer.campaign, answer.confirmedAt ?? answer.redeemedAt)
    return answer
  }

  /** A failure is told here; whoever asked is told to come again, because it may pass: a full disk, another long writer. */
  async #run(task: LedgerTask): Promise<LedgerResult> {
    try {
      return await this.#ledger().run(task)
    } catch (error) {
      this.#options.onFailure(error as Error)
      throw comeAgain()
    }
  }

  #ledger(): WorkerPool<LedgerTask, LedgerResult> {
    const { file, leases } = this.#options
    const workerData: LedgerSetup = { file, leases }
    this.#pool ??= new WorkerPool({ file: new URL('./worker.js', import.meta.url), workers: 1, workerData })
    return this.#pool
  }
}

function refusal(fault: Fault): OfferwrightError {
  return new OfferwrightError(fault.code, fault.message, fault)
}

function comeAgain(): OfferwrightError {
  return new OfferwrightError('overloaded', 'overloaded: the ledger cannot be written; come again later')
}
