/** The workers as one generation has them: the server's, from when they have opened it until its last batch is answered. */
import { setTimeout } from 'node:timers/promises'
import { CLOSE_TIMEOUT_MS } from '../../core/native/pool.ts'
import type { WorkerSetup } from '../work/context.ts'
import type { BatchAnswer, BatchTask } from '../work/messages.ts'
import type { BatchLoops } from './batch-loops.ts'

export class GenerationWorkers {
  readonly #loops: BatchLoops
  readonly #generation: number
  #underWay = 0
  #drained: (() => void) | null = null

  constructor(loops: BatchLoops, setup: WorkerSetup) {
    this.#loops = loops
    this.#generation = loops.open(setup)
  }

  get workers(): number {
    return this.#loops.workers
  }

  get threads(): number {
    return this.#loops.threads
  }

  end(threadId: number): void {
    this.#loops.end(threadId)
  }

  async run(task: BatchTask): Promise<BatchAnswer> {
    this.#underWay++
    try {
      return await this.#loops.run(this.#generation, task)
    } finally {
      if (--this.#underWay === 0) this.#drained?.()
    }
  }

  /** Batches under way are finished first, but for what hangs; the workers go on for others. */
  async close(): Promise<void> {
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
      if (this.#underWay === 0) resolve()
    })
    await Promise.race([drained, setTimeout(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
    this.#loops.forget(this.#generation)
  }

  /** Ends the workers of all generations; batches under way reject. */
  destroy(): Promise<void> {
    return this.#loops.destroy()
  }
}
