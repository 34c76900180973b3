/**
 * In place of workers: the thread that listens decides too. That saves what a batch costs to pass between two threads, and gives up what
 * threads are for: a second core, answers to `/healthz` beside a long batch, a swap of snapshots that nobody waits for, and an end to
 * code that hangs.
 */
import { answerBatch } from './answering.ts'
import { WorkContext, type WorkerSetup } from './context.ts'
import type { BatchAnswer, BatchTask } from './messages.ts'

/** In place of a thread's id where memory is locked or claimed; none of Node's goes so far, and the owner of live state has the next. */
const LISTENER = 2 ** 31 - 2

export class ListenerThread {
  readonly workers = 1
  readonly threads = 1
  readonly isOpen = Promise.resolve()
  readonly #context: WorkContext
  /** Sockets are looked at between two batches. */
  #turn: Promise<void> = Promise.resolve()

  constructor(setup: WorkerSetup) {
    this.#context = new WorkContext(setup, LISTENER)
  }

  async run(task: BatchTask): Promise<BatchAnswer> {
    await this.#turn
    this.#turn = new Promise((resolve) => setImmediate(resolve))
    return answerBatch(this.#context, task)
  }

  /** What hangs here cannot be ended: nobody would be left to say so. */
  end(): void {}

  async close(): Promise<void> {
    await this.#turn
    this.#context.codes.close()
  }

  destroy(): Promise<void> {
    return this.close()
  }
}
