/** How a snapshot's answers fared: counts that add up, and the comparison of two snapshots by them. */

/** What a worker tells of the answers of one batch: decisions and recommendations. */
export interface AnswerTally {
  answers: number
  empty: number
  /** Answers in which nothing of a shopper was used. */
  fallbacks: number
  /** Of what was taken off in each answer, in minor units, and of its square. */
  discountMinor: number
  discountSquares: number
}

export function noAnswers(): AnswerTally {
  return { answers: 0, empty: 0, fallbacks: 0, discountMinor: 0, discountSquares: 0 }
}

/** Minor units of an answer: how many answers, their sum and their sum of squares. */
export interface Discounts {
  n: number
  sum: number
  squares: number
}

const NO_DISCOUNTS: Discounts = { n: 0, sum: 0, squares: 0 }

/** Bucket b holds latencies under `FIRST_MS · GROWTH^b`: each is told to 19 %, from a quarter of a millisecond to minutes. */
const FIRST_MS = 0.25
const GROWTH = 2 ** 0.25
const BUCKETS = 80

export class Vitals {
  requests = 0
  errors = 0
  answers = 0
  empty = 0
  fallbacks = 0
  /** Of the answers whose discounts can be compared: those since the campaigns were changed last. */
  discounts = NO_DISCOUNTS
  readonly #latency = new Float64Array(BUCKETS)

  addRequest(isError: boolean, latencyMs: number): void {
    this.requests++
    if (isError) this.errors++
    const bucket = Math.ceil(Math.log(latencyMs / FIRST_MS) / Math.log(GROWTH))
    this.#latency[Math.min(BUCKETS - 1, Math.max(0, bucket))]++
  }

  addAnswers(tally: AnswerTally): void {
    this.answers += tally.answers
    this.empty += tally.empty
    this.fallbacks += tally.fallbacks
    this.#addDiscounts({ n: tally.answers, sum: tally.discountMinor, squares: tally.discountSquares })
  }

  forgetDiscounts(): void {
    this.discounts = NO_DISCOUNTS
  }

  #addDiscounts({ n, sum, squares }: Discounts): void {
    const { discounts } = this
    this.discounts = { n: discounts.n + n, sum: discounts.sum + sum, squares: discounts.squares + squares }
  }

  add(other: Vitals): void {
    this.requests += other.requests
    this.errors += other.errors
    this.answers += other.answers
    this.empty += other.empty
    this.fallbacks += other.fallbacks
    this.#addDiscounts(other.discounts)
    for (let b = 0; b < BUCKETS; b++) this.#latency[b] += other.#latency[b]
  }

  /** Upper end of the bucket that the quantile falls into, milliseconds; 0 without requests. */
  latencyMs(quantile: number): number {
    let left = quantile * this.requests
    if (this.requests === 0) return 0
    for (let b = 0; b < BUCKETS; b++) {
      left -= this.#latency[b]
      if (left <= 0) return FIRST_MS * GROWTH ** b
    }
    return FIRST_MS * GROWTH ** (BUCKETS - 1)
  }
}
