/**
 * Redemptions on their way to the ledger. What comes while a commit is under way goes with the next, so that a busy desk
 * makes few of them. The ledger's thread begins with the first redemption: a shop without codes has none.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { RedemptionAnswer } from '../../core/contract/redemptions.ts'
import { WorkerPool } from '../../core/native/pool.ts'
import type { Redemption, RedemptionTerms, Spent } from '../../core/store/ledger/redemptions.ts'
import type { LedgerResult, LedgerSetup, LedgerTask } from './worker.ts'

export interface RedemptionDeskOptions {
  /** The shop's ledger. */
  file: string
  /** Of the campaigns that serve. */
  terms: () => ReadonlyMap<string, RedemptionTerms>
  /** Told what a campaign's codes have used in all, before the redemption is answered. */
  onSpent: (spent: Spent) => void
  /** Told why a whole commit failed; its callers are told to come again. */
  onFailure: (error: Error) => void
}

interface Waiting {
  asked: Redemption
  resolve: (answer: RedemptionAnswer) => void
  reject: (error: OfferwrightError) => void
}

const COMMIT_REDEMPTIONS = 256
/** More than this would wait for longer than a shopper does. */
const MOST_WAITING = 2048

export class RedemptionDesk {
  readonly #options: RedemptionDeskOptions
  #pool: WorkerPool<LedgerTask, LedgerResult> | null = null
  #waiting: Waiting[] = []
  #committing: Promise<void> | null = null

  constructor(options: RedemptionDeskOptions) {
    this.#options = options
  }

  /** Resolves when the redemption is on the disk. Rejects with its refusal, or `overloaded` where it is not known. */
  redeem(asked: Redemption): Promise<RedemptionAnswer> {
    if (this.#waiting.length >= MOST_WAITING) return Promise.reject(comeAgain())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject })
      this.#committing ??= this.#commitAll().finally(() => {
        this.#committing = null
      })
    })
  }

  /** What is under way is finished first. */
  async close(): Promise<void> {
    await this.#committing
    await this.#pool?.close()
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, COMMIT_REDEMPTIONS)
      try {
        const task = { asked: batch.map(({ asked }) => asked), terms: this.#options.terms() }
        this.#settle(batch, await this.#ledger().run(task))
      } catch (error) {
        this.#options.onFailure(error as Error)
        for (const { reject } of batch) reject(comeAgain())
      }
    }
  }

  #settle(batch: Waiting[], results: LedgerResult): void {
    results.forEach((result, i) => {
      const { resolve, reject } = batch[i]
      if ('fault' in result) reject(new OfferwrightError(result.fault.code, result.fault.message, result.fault))
      else {
        this.#options.onSpent(result.spent)
        resolve(result.answer)
      }
    })
  }

  #ledger(): WorkerPool<LedgerTask, LedgerResult> {
    const workerData: LedgerSetup = { file: this.#options.file }
    this.#pool ??= new WorkerPool({ file: new URL('./worker.js', import.meta.url), workers: 1, workerData })
    return this.#pool
  }
}

function comeAgain(): OfferwrightError {
  return new OfferwrightError('overloaded', 'overloaded: the ledger does not take redemptions; come again later')
}
