/** The parent's side of a measured server. */
import { Child } from './child.ts'
import type { ListenerAnswer, ListenerQuestion } from './listener-child.ts'

export const DECIDE_PATH = '/v1/decide'

export class Listener<Setup> {
  port = 0
  readonly #child: Child<ListenerQuestion<Setup>, ListenerAnswer>

  constructor(file: URL) {
    this.#child = new Child(file)
  }

  async listen(setup: Setup): Promise<void> {
    this.port = (await this.#child.ask({ listen: setup })).port
  }

  /** CPU time of its process so far. */
  async cpuMicros(): Promise<number> {
    return (await this.#child.ask({ cpu: true })).cpuMicros
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
