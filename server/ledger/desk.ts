/**
 * What is on its way to the ledger: redemptions, and orders of new codes. Redemptions that come while a commit is under way go
 * with the next, so that a busy desk makes few of them. The ledger's thread begins with the first thing to write: a shop
 * without codes has none.
 */
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import type { RedemptionAnswer } from '../../core/contract/redemptions.ts'
import { WorkerPool } from '../../core/native/pool.ts'
import type { CodeOrder, MadeCode } from '../../core/store/ledger/codes.ts'
import type { Redeemed, Redemption, RedemptionTerms } from '../../core/store/ledger/redemptions.ts'
import type { LedgerResult, LedgerSetup, LedgerTask } from './worker.ts'

export interface LedgerDeskOptions {
  /** The shop's ledger. */
  file: string
  /** Of the campaigns that serve. */
  terms: () => ReadonlyMap<string, RedemptionTerms>
  /** Told of each redemption before it is answered, also of one that was answered before. */
  onRedeemed: (asked: Redemption, redeemed: Redeemed) => void
  /** Told why the ledger could not be written. */
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

export class LedgerDesk {
  readonly #options: LedgerDeskOptions
  #pool: WorkerPool<LedgerTask, LedgerResult> | null = null
  #waiting: Waiting[] = []
  #committing: Promise<void> | null = null

  constructor(options: LedgerDeskOptions) {
    this.#options = options
  }

  /** Resolves when the redemption is on the disk. Rejects with its refusal, or `overloaded` where it is not known. */
  redeem(asked: Redemption): Promise<RedemptionAnswer> {
    if (this.#waiting.length >= MOST_WAITING) return Promise.reject(comeAgain())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject })
      this.#committing ??= this.#commitAll()
    })
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

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, COMMIT_REDEMPTIONS)
      try {
        const asked = batch.map((waiting) => waiting.asked)
        const { redeemed } = await this.#run({ redeem: { asked, terms: this.#options.terms() } })
        this.#settle(batch, redeemed)
      } catch (error) {
        for (const { reject } of batch) reject(error as OfferwrightError)
      }
    }
    // Before anybody who was answered can ask again.
    this.#committing = null
  }

  #settle(batch: Waiting[], results: LedgerResult['redeemed']): void {
    results.forEach((result, i) => {
      const { asked, resolve, reject } = batch[i]
      if ('fault' in result) reject(refusal(result.fault))
      else {
        this.#options.onRedeemed(asked, result)
        resolve(result.answer)
      }
    })
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
    const workerData: LedgerSetup = { file: this.#options.file }
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
