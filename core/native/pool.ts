/** A pool of worker threads (piscina): batches go in, results come out; memory that both sides see is shared. */
import type { TransferListItem } from 'node:worker_threads'
import { workerData as givenData, Piscina } from 'piscina'

/** What the pool's owner gave its workers; undefined outside a worker. The worker's file knows the type. */
export const workerData: unknown = givenData

export interface WorkerPoolOptions {
  /** The compiled worker: its export `run` takes a task and returns the result. It has no default export: EXPORT tells why. */
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

  constructor(options: WorkerPoolOptions) {
    this.workers = options.workers
    this.#pool = new Piscina<Task, Result>({
      filename: options.file.href,
      name: EXPORT,
      minThreads: options.workers,
      maxThreads: options.workers,
      workerData: options.workerData,
      recordTiming: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
    })
    this.#pool.on('error', (reason: Error) => options.onLost?.(reason))
    this.#pool.on('workerCreate', ({ id }: { id: number }) =>
      this.#thread(id)?.once('exit', () => options.onExit?.(id)),
    )
  }

  /** Threads there are, also those that begin. One that dies while it begins is not replaced: then they are fewer for good. */
  get threads(): number {
    return this.#pool.threads.length
  }

  /** Ends a thread whatever it does; its task rejects, and another thread takes its place. */
  end(threadId: number): void {
    void this.#thread(threadId)?.terminate()
  }

  #thread(threadId: number) {
    return this.#pool.threads.find((thread) => thread.threadId === threadId)
  }

  /** One task on one free worker, with what it takes away from this thread. More tasks than workers wait in order. Rejects with what the worker threw. */
  run(task: Task, transferList: TransferListItem[] = []): Promise<Result> {
    return this.#pool.run(task, { transferList })
  }

  /** One task on every worker at the same time. Call it while the pool is idle: then no worker gets two. */
  runOnEach(task: Task): Promise<Result[]> {
    return Promise.all(Array.from({ length: this.workers }, () => this.run(task)))
  }

  /** Lets running and waiting tasks finish, then ends the threads. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** Ends the threads at once; tasks that run or wait reject. */
  destroy(): Promise<void> {
    return this.#pool.destroy()
  }
}

/**
 * A named export, and no default export beside it: a thread that is ended while Node (20.20, 22) makes the CommonJS face
 * of a module with a default export takes the whole process with it.
 */
const EXPORT = 'run'

/** A worker that hangs is ended after this long, its tasks with it. */
export const CLOSE_TIMEOUT_MS = 30_000
