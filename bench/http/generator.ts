/** The parent's side of the load generator: requests travel to it once, not with every stretch of load. */
import { Child } from './child.ts'
import type { LoadAnswer, LoadQuestion, LoadRequests, LoadShape } from './load-child.ts'

/** It collects its own garbage before a stretch of load: a whole collection of its 100 MB stops it for 10 ms, which would be told as latency. */
const COLLECTING = ['--expose-gc', '--max-semi-space-size=64']

export class Generator {
  readonly #child = new Child<LoadQuestion, LoadAnswer>(new URL('./load-child.js', import.meta.url), COLLECTING)
  #given: LoadRequests | null = null

  run(requests: LoadRequests, shape: LoadShape): Promise<LoadAnswer> {
    const isKnown = requests === this.#given
    this.#given = requests
    return this.#child.ask(isKnown ? shape : { ...shape, ...requests })
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
