/**
 * The worker threads that servers of this process have started: to kill them, or to make one hang, from outside. One counts from its
 * first message: what is killed while it loads its code takes the process along (see core/native/threads).
 */
import type { Worker } from 'node:worker_threads'
import { endThread } from '../../core/native/threads.ts'

export class WorkerThreads {
  readonly #alive = new Set<Worker>()
  readonly #note = (worker: Worker) => {
    worker.once('message', () => this.#alive.add(worker))
    worker.once('exit', () => this.#alive.delete(worker))
  }

  constructor() {
    process.on('worker', this.#note)
  }

  get count(): number {
    return this.#alive.size
  }

  /** Ends one in the midst of whatever it does; resolves when it is gone. */
  async killOne(): Promise<void> {
    const [worker] = this.#alive
    if (worker !== undefined) await endThread(worker)
  }

  stop(): void {
    process.off('worker', this.#note)
  }
}
