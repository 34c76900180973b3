/** The parent's side of a measured server. */
import { Child } from './child.ts'
import type { ListenerAnswer, ListenerQuestion } from './listener-child.ts'

export const DECIDE_PATH = '/v1/decide'
const GC_PROBE = ['--import', new URL('./gc-probe.js', import.meta.url).href]

export class Listener<Setup> {
  port = 0
  readonly #child: Child<ListenerQuestion<Setup>, ListenerAnswer>

  constructor(file: URL) {
    this.#child = new Child(file, GC_PROBE)
  }

  async listen(setup: Setup): Promise<void> {
    this.port = (await this.#child.ask({ listen: setup })).port
  }

  /** What its process has used so far. */
  usage(): Promise<ListenerAnswer> {
    return this.#child.ask({ cpu: true })
  }

  /** CPU time of its process so far. */
  async cpuMicros(): Promise<number> {
    return (await this.usage()).cpuMicros
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
