/** A pool of worker threads (piscina): batches go in, results come out; memory that both sides see is shared. */
import { type TransferListItem, workerData as threadsData } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { endThread, loaded, noteThread, PATIENCE_MS, readyToEnd, type ThreadData, threadData } from './threads.ts'

/** What the pool's owner gave its workers; undefined outside a worker. The worker's file knows the type. */
export const workerData: unknown = (threadsData as ThreadData | null)?.given

export interface WorkerPoolOptions {
  /** The compiled worker: its export `run` takes a task and returns the result. */
  file: URL
  workers: number
  /** Structured-cloned into every worker; shared memory stays shared. */
  workerData?: unknown
  /** The event loops of workers without a task turn, so that what tasks left is collected; each task begins a little later for it. */
  turnsWhenIdle?: boolean
  /** Told when a worker dies between tasks; a task that dies with its worker rejects instead. */
  onLost?: (reason: Error) => void
  /** Told when a thread is gone, by its id; another takes its place. */
  onExit?: (threadId: number) => void
}

export class WorkerPool<Task, Result> {
  readonly workers: number
  readonly #pool: Piscina<Task, Result>
  readonly #onExit: (threadId: number) => void

  constructor(options: WorkerPoolOptions) {
    this.workers = options.workers
    this.#onExit = options.onExit ?? (() => undefined)
    this.#pool = new Piscina<Task, Result>({
      filename: options.file.href,
      name: 'run',
      minThreads: options.workers,
      maxThreads: options.workers,
      workerData: threadData(options.workerData),
      recordTiming: false,
      atomics: options.turnsWhenIdle ? 'disabled' : 'sync',
      closeTimeout: PATIENCE_MS,
    })
    this.#pool.on('error', (reason: Error) => options.onLost?.(reason))
    this.#watch()
  }

  /** Threads there are, also those that begin. One that dies while it begins is not replaced: then they are fewer for good. */
  get threads(): number {
    return this.#pool.threads.length
  }

  /** Ends a thread whatever it does; its task rejects, and another thread takes its place. */
  end(threadId: number): void {
    const thread = this.#pool.threads.find((thread) => thread.threadId === threadId)
    if (thread !== undefined) void endThread(thread)
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
    await Promise.all(this.#pool.threads.map(loaded))
    await this.#pool.close()
  }

  /** Ends the threads, whatever they do; tasks that run or wait reject. */
  async destroy(): Promise<void> {
    await Promise.all(this.#pool.threads.map(readyToEnd))
    await this.#pool.destroy()
  }

  /** Piscina begins threads by itself, at once and in place of others. */
  #watch(): void {
    for (const thread of this.#pool.threads) {
      if (!noteThread(thread)) continue
      const { threadId } = thread
      thread.once('error', () => this.#watch())
      thread.once('exit', () => {
        this.#watch()
        this.#onExit(threadId)
      })
    }
  }
}
