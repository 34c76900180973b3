/** Load on a server whose snapshot changes: every answer is compared with what its snapshot alone would answer. */
import autocannon from 'autocannon'
import { LocalDecisions } from '../../cli/local-decisions.ts'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import type { TrainedShop } from './trained-shop.ts'

const TIME = 1_800_000_000_000
const REQUESTS = ['{}', '{"slots":20}', '{"cart":[{"item":"p0000001"}],"slots":5}'].map((text) =>
  JSON.stringify({ ...JSON.parse(text), time: TIME, preview: true }),
)

/** By snapshot, the answer to each request. */
export type Expected = Map<string, string[]>

export async function expectedAnswers({ folders, snapshots }: TrainedShop): Promise<Expected> {
  const expected: Expected = new Map()
  for (const id of snapshots) {
    const decisions = await LocalDecisions.open(folders, id)
    expected.set(
      id,
      REQUESTS.map((text) => JSON.stringify(decisions.decide(text, TIME))),
    )
  }
  return expected
}

export interface SwapResult {
  answers: number
  /** Not answered with 200, or not answered at all. */
  failedRequests: number
  /** Not what the snapshot that the answer names would answer alone. */
  mixedAnswers: number
  /** The first few that were wrong, as they came. */
  failures: string[]
  snapshots: Set<string>
}

export class SwapLoad {
  readonly #running: autocannon.Instance
  readonly #done: Promise<autocannon.Result>
  readonly #failures: string[] = []
  readonly #snapshots = new Set<string>()
  #answers = 0
  #failedRequests = 0
  #mixedAnswers = 0

  constructor(port: number, expected: Expected) {
    let resolve: (result: autocannon.Result) => void
    this.#done = new Promise((done) => {
      resolve = done
    })
    const requests = REQUESTS.map((body, r) => ({
      method: 'POST' as const,
      path: '/v1/decide',
      body,
      onResponse: (status: number, text: string) => this.#check(status, text, expected, r),
    }))
    const options = { url: `http://127.0.0.1:${port}`, connections: 8, duration: 3600, requests }
    this.#running = autocannon(options, (_, result) => resolve(result))
  }

  async stop(): Promise<SwapResult> {
    this.#running.stop?.()
    const { errors, timeouts } = await this.#done
    return {
      answers: this.#answers,
      failedRequests: this.#failedRequests + errors + timeouts,
      mixedAnswers: this.#mixedAnswers,
      failures: this.#failures.slice(0, 5),
      snapshots: this.#snapshots,
    }
  }

  #check(status: number, text: string, expected: Expected, r: number): void {
    this.#answers++
    if (status !== 200) {
      this.#failedRequests++
      this.#failures.push(`${status} ${text}`)
      return
    }
    const { snapshot } = JSON.parse(text) as DecideAnswer
    this.#snapshots.add(snapshot)
    if (expected.get(snapshot)?.[r] === text) return
    this.#mixedAnswers++
    this.#failures.push(text)
  }
}
