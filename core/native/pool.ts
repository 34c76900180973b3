/** A pool of worker threads (piscina): batches go in, results come out; memory that both sides see is shared. */
import { setTimeout } from 'node:timers/promises'
import type { TransferListItem, Worker } from 'node:worker_threads'
import { workerData as givenData, Piscina } from 'piscina'

/** What the pool's owner gave its workers; undefined outside a worker. The worker's file knows the type. */
export const workerData: unknown = givenData

export interface WorkerPoolOptions {
  /** The compiled worker: its export `run` takes a task and returns the result. */
  file: URL
  workers: number
  /** Structured-cloned into every worker; shared memory stays shared. */
  workerData?: unknown
  /** Told when a worker dies between tasks; a task that dies with its worker rejects instead. */
  onLost?: (reason: Error) => void
  /** Told when a thread is gone, by its id; another takes its place. */
  onExit?: (threadId: number) => void
}

export class WorkerPool<Task, Result> {
  readonly workers: number
  readonly #pool: Piscina<Task, Result>
  readonly #onExit: (threadId: number) => void
  /** Of each thread, until it has loaded its code or is gone. */
  readonly #loading = new WeakMap<Worker, Promise<unknown>>()

  constructor(options: WorkerPoolOptions) {
    this.workers = options.workers
    this.#onExit = options.onExit ?? (() => undefined)
    this.#pool = new Piscina<Task, Result>({
      filename: options.file.href,
      name: 'run',
      minThreads: options.workers,
      maxThreads: options.workers,
      workerData: options.workerData,
      recordTiming: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
    })
    this.#pool.on('error', (reason: Error) => options.onLost?.(reason))
    this.#watch()
  }

  /** Threads there are, also those that begin. One that dies while it begins is not replaced: then they are fewer for good. */
  get threads(): number {
    return this.#pool.threads.length
  }

  /** Ends a thread whatever it does, once it has begun; its task rejects, and another thread takes its place. */
  end(threadId: number): void {
    const thread = this.#pool.threads.find((thread) => thread.threadId === threadId)
    if (thread !== undefined) void this.#loaded([thread]).then(() => thread.terminate())
  }

  /** One task on one free worker, with what it takes away from this thread. More tasks than workers wait in order. Rejects with what the worker threw. */
  run(task: Task, transferList: TransferListItem[] = []): Promise<Result> {
    const result = this.#pool.run(task, { transferList })
    this.#watch()
    return result
  }

  /** One task on every worker at the same time. Call it while the pool is idle: then no worker gets two. */
  runOnEach(task: Task): Promise<Result[]> {
    return Promise.all(Array.from({ length: this.workers }, () => this.run(task)))
  }

  /** Lets running and waiting tasks finish, then ends the threads. */
  async close(): Promise<void> {
    await this.#loaded(this.#pool.threads)
    await this.#pool.close()
  }

  /** Ends the threads, whatever they do, once they have begun; tasks that run or wait reject. */
  async destroy(): Promise<void> {
    await this.#loaded(this.#pool.threads)
    await this.#pool.destroy()
  }

  /** Threads that are new: piscina begins them by itself, and their first message says that they have loaded their code. */
  #watch(): void {
    for (const thread of this.#pool.threads) {
      if (this.#loading.has(thread)) continue
      const { threadId } = thread
      thread.once('error', () => this.#watch())
      thread.once('exit', () => {
        this.#watch()
        this.#onExit(threadId)
      })
      this.#loading.set(
        thread,
        new Promise((resolve) => {
          thread.once('message', resolve)
          thread.once('exit', resolve)
        }),
      )
    }
  }

  /**
   * A thread that is ended while Node loads its modules takes the whole process with it (Node 20.20 and 22: a fatal error
   * where a module is instantiated, or where the CommonJS face of one is made). It is let finish first.
   */
  async #loaded(threads: Worker[]): Promise<void> {
    for (const thread of threads) thread.ref()
    const all = Promise.all(threads.map((thread) => this.#loading.get(thread)))
    await Promise.race([all, setTimeout(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
  }
}

/** A worker that hangs is ended after this long, its tasks with it. */
export const CLOSE_TIMEOUT_MS = 30_000
