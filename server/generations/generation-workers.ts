/** The workers as one generation has them: the server's, from when they have opened it until its last batch is answered. */
import type { WorkerSetup } from '../work/context.ts'
import type { BatchAnswer, BatchTask } from '../work/messages.ts'
import type { BatchLoops } from './batch-loops.ts'

export class GenerationWorkers {
  /** Until all have the generation open; before that a batch may find one that has not. */
  readonly isOpen: Promise<void>
  readonly #loops: BatchLoops
  readonly #generation: number

  constructor(loops: BatchLoops, setup: WorkerSetup) {
    this.#loops = loops
    const { generation, isOpen } = loops.open(setup)
    this.#generation = generation
    this.isOpen = isOpen
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

  run(task: BatchTask): Promise<BatchAnswer> {
    return this.#loops.run(this.#generation, task)
  }

  /** No batch of the generation is under way any more; the workers go on for others. */
  async close(): Promise<void> {
    this.#loops.forget(this.#generation)
  }

  /** Ends the workers of all generations; batches under way reject. */
  destroy(): Promise<void> {
    return this.#loops.destroy()
  }
}
