/**
 * The workers of a generation. Each gets one long task, a loop that answers batches as they come, so that a batch costs no task of
 * the pool: what piscina keeps of each made the listening thread's heap be collected whole every three seconds, 10 ms each time.
 * The pool does what it is for: threads begin, are replaced and end.
 *
 *   begun ── ready ── idle ⇄ at work ── ended
 */
import { setTimeout } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { CLOSE_TIMEOUT_MS, WorkerPool } from '../../core/native/pool.ts'
import type { WorkerSetup } from '../work/context.ts'
import { type BatchAnswer, type BatchTask, LOOP_READY, type LoopTask, RUNG } from '../work/messages.ts'

interface Loop {
  port: MessagePort
  bell: Int32Array
  /** The batch it is at work on. */
  batch: Batch | null
}

interface Batch {
  task: BatchTask
  resolve: (answer: BatchAnswer) => void
  reject: (reason: Error) => void
}

export interface BatchLoopsOptions {
  workers: number
  /** Told when a worker dies between batches; a batch that dies with its worker rejects instead. */
  onLost: (reason: Error) => void
  /** Told when a thread is gone, by its id; another takes its place. */
  onExit: (threadId: number) => void
}

export class BatchLoops {
  readonly workers: number
  readonly #pool: WorkerPool<LoopTask, void>
  readonly #onLost: (reason: Error) => void
  /** The one that was at work last is at the end: its caches are warm. */
  #idle: Loop[] = []
  #waiting: Batch[] = []
  /** Until each loop is over. */
  readonly #running = new Set<Promise<void>>()
  #isClosing = false

  constructor(workerData: WorkerSetup, { workers, onLost, onExit }: BatchLoopsOptions) {
    this.workers = workers
    this.#onLost = onLost
    const file = new URL('../work/worker.js', import.meta.url)
    this.#pool = new WorkerPool<LoopTask, void>({ file, workers, workerData, onLost, onExit })
    for (let worker = 0; worker < workers; worker++) this.#begin()
  }

  /** Threads there are, also those that begin. */
  get threads(): number {
    return this.#pool.threads
  }

  /** Ends a thread whatever it does; its batch rejects, and another thread takes its place. */
  end(threadId: number): void {
    this.#pool.end(threadId)
  }

  /** One batch on one worker that is idle, or the next that is. */
  run(task: BatchTask): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      const batch = { task, resolve, reject }
      const loop = this.#idle.pop()
      if (loop === undefined) this.#waiting.push(batch)
      else this.#send(loop, batch)
    })
  }

  /** Batches that wait or are under way are finished first; a worker that hangs is ended with its batch. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const loop of this.#idle.splice(0)) this.#next(loop)
    await Promise.race([Promise.all(this.#running), setTimeout(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
    await this.#pool.destroy()
  }

  /** At once; batches that wait or are under way reject. */
  destroy(): Promise<void> {
    this.#isClosing = true
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the workers were ended'))
    return this.#pool.destroy()
  }

  #begin(): void {
    const { port1: port, port2 } = new MessageChannel()
    const loop: Loop = { port, bell: new Int32Array(new SharedArrayBuffer(4)), batch: null }
    port.on('message', (answer: BatchAnswer | typeof LOOP_READY) => {
      const { batch } = loop
      loop.batch = null
      if (answer !== LOOP_READY) batch?.resolve(answer)
      this.#next(loop)
    })
    const running = this.#pool
      .run({ port: port2, bell: loop.bell }, [port2])
      .then(
        () => port.close(),
        (reason: Error) => this.#lose(loop, reason),
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** What a loop that has nothing to do does next. */
  #next(loop: Loop): void {
    const batch = this.#waiting.shift()
    if (batch !== undefined) this.#send(loop, batch)
    else if (this.#isClosing) this.#ring(loop, null)
    else this.#idle.push(loop)
  }

  #send(loop: Loop, batch: Batch): void {
    loop.batch = batch
    this.#ring(loop, batch.task)
  }

  /** A worker that waits hears the bell alone; it finds the message when it looks. */
  #ring({ port, bell }: Loop, task: BatchTask | null): void {
    port.postMessage(task)
    Atomics.store(bell, 0, RUNG)
    Atomics.notify(bell, 0)
  }

  #lose(loop: Loop, reason: Error): void {
    loop.port.close()
    this.#idle = this.#idle.filter((idle) => idle !== loop)
    if (loop.batch !== null) loop.batch.reject(reason)
    else if (!this.#isClosing) this.#onLost(reason)
    if (!this.#isClosing) this.#begin()
  }
}
