/**
 * Finds workers that hang. A worker tells in the slab of its batch which thread it is; one that has not answered `hangMs` after its
 * batch was sent is ended, and the pool brings another. What ending does not help (code that is not JavaScript or WebAssembly, a thread
 * that died while it began) is told, so that the whole generation is opened anew.
 */
import type { WorkerPool } from '../../core/native/pool.ts'
import { type Slab, THREAD_WORD } from '../work/messages.ts'

type Threads = Pick<WorkerPool<never, never>, 'threads' | 'workers' | 'end'>

const IDLE = Number.POSITIVE_INFINITY

export class Watchdog {
  readonly #marks: Int32Array[]
  /** By slab: when its batch was sent; none: `IDLE`. */
  readonly #since: Float64Array
  /** By slab: the thread that was ended for its batch; 0: none. */
  readonly #endedThread: Int32Array
  readonly #threads: Threads
  readonly #hangMs: number

  constructor(slabs: Slab[], threads: Threads, hangMs: number) {
    this.#marks = slabs.map(({ requests }) => new Int32Array(requests, 0, THREAD_WORD + 1))
    this.#since = new Float64Array(slabs.length).fill(IDLE)
    this.#endedThread = new Int32Array(slabs.length)
    this.#threads = threads
    this.#hangMs = hangMs
  }

  /** The batch of a slab is sent to the workers. */
  began(slab: number, now: number): void {
    this.#marks[slab][THREAD_WORD] = 0
    this.#since[slab] = now
    this.#endedThread[slab] = 0
  }

  /** Whether a worker began with the batch of a slab. */
  hasBegun(slab: number): boolean {
    return Atomics.load(this.#marks[slab], THREAD_WORD) !== 0
  }

  ended(slab: number): void {
    this.#since[slab] = IDLE
  }

  /** Ends what hangs; the answer is why the workers cannot go on by themselves, null where they can. */
  look(now: number): string | null {
    const { threads, workers } = this.#threads
    if (threads < workers) return `${threads} of ${workers} workers are left`
    for (let slab = 0; slab < this.#since.length; slab++) {
      const hungMs = now - this.#since[slab] - this.#hangMs
      if (hungMs < 0) continue
      const thread = Atomics.load(this.#marks[slab], THREAD_WORD)
      if (thread === 0) return `no worker has taken a batch for ${this.#hangMs} ms`
      if (this.#endedThread[slab] === thread) {
        if (hungMs > this.#hangMs) return `worker ${thread} hangs and cannot be ended`
      } else {
        this.#endedThread[slab] = thread
        this.#threads.end(thread)
      }
    }
    return null
  }
}
