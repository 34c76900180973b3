/**
 * The workers of a server. They serve every generation that is open: a thread that has decided for a while has its code compiled, one
 * that begins with each snapshot would decide ten times slower at first, just when everybody turns to it. Each gets one long task, a
 * loop that answers batches as they come, so that a batch costs no task of the pool: what piscina keeps of each made the listening
 * thread's heap be collected whole every three seconds, 10 ms each time. The pool does what it is for: threads begin, are replaced and end.
 *
 *   begun ── ready ── idle ⇄ at work ── ended
 */
import timers from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { WorkerPool } from '../../core/native/pool.ts'
import { PATIENCE_MS } from '../../core/native/threads.ts'
import type { WorkerSetup } from '../work/context.ts'
import {
  type BatchAnswer,
  type BatchTask,
  LOOP_READY,
  type LoopMessage,
  type LoopTask,
  type Opened,
  type OpenGeneration,
  RUNG,
} from '../work/messages.ts'

const RETRY_MS = 50

interface Loop {
  port: MessagePort
  bell: Int32Array
  isReady: boolean
  /** The batch it is at work on. */
  batch: Batch | null
  /** Told when it has opened the generation that it is opening, or is over. */
  opened: (() => void) | null
}

interface Batch {
  generation: number
  task: BatchTask
  resolve: (answer: BatchAnswer) => void
  reject: (reason: Error) => void
}

export interface BatchLoopsOptions {
  workers: number
  /** Told when a worker dies between batches; a batch that dies with its worker rejects instead. */
  onLost: (reason: Error) => void
  /** Told of each open generation when a thread is gone, by its id; another takes its place. */
  onExit: (setup: WorkerSetup, threadId: number) => void
}

export class BatchLoops {
  readonly workers: number
  readonly #pool: WorkerPool<LoopTask, void>
  readonly #onLost: (reason: Error) => void
  readonly #open = new Map<number, OpenGeneration>()
  #opened = 0
  #turn: Promise<void> = Promise.resolve()
  readonly #loops = new Set<Loop>()
  /** The one that was at work last is at the end: its caches are warm. */
  #idle: Loop[] = []
  #waiting: Batch[] = []
  /** Until each loop is over. */
  readonly #running = new Set<Promise<void>>()
  #isClosing = false
  #isDestroyed = false

  constructor({ workers, onLost, onExit }: BatchLoopsOptions) {
    this.workers = workers
    this.#onLost = onLost
    this.#pool = new WorkerPool<LoopTask, void>({
      file: new URL('../work/worker.js', import.meta.url),
      workers,
      onLost,
      onExit: (threadId) => {
        for (const { setup } of this.#open.values()) onExit(setup, threadId)
      },
    })
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

  /** One worker after the other opens a generation, beside its batches. `generation` is its number here; `isOpen`: until all have it. */
  open(setup: WorkerSetup): { generation: number; isOpen: Promise<void> } {
    const generation = ++this.#opened
    const open = { generation, setup }
    this.#open.set(generation, open)
    this.#turn = this.#turn.then(() => this.#openOnEach(open))
    return { generation, isOpen: this.#turn }
  }

  async #openOnEach(open: OpenGeneration): Promise<void> {
    for (const loop of [...this.#loops]) {
      // What takes the place of one that is over has it open from the start.
      if (!this.#loops.has(loop)) continue
      await new Promise<void>((opened) => {
        loop.opened = opened
        this.#ring(loop, { open })
      })
    }
  }

  /** Workers let a generation go, of which no batch is under way. */
  forget(generation: number): void {
    this.#open.delete(generation)
    for (const loop of this.#loops) this.#ring(loop, { forget: generation })
  }

  /** One batch on one worker that is idle, or the next that is. */
  run(generation: number, task: BatchTask): Promise<BatchAnswer> {
    if (this.#isDestroyed) return Promise.reject(ended())
    return new Promise((resolve, reject) => {
      const batch = { generation, task, resolve, reject }
      const loop = this.#idle.pop()
      if (loop === undefined) this.#waiting.push(batch)
      else this.#send(loop, batch)
    })
  }

  /** Batches that wait or are under way are finished first; a worker that hangs is ended with its batch. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const loop of this.#idle.splice(0)) this.#next(loop)
    await Promise.race([Promise.all(this.#running), setTimeout(PATIENCE_MS, undefined, { ref: false })])
    await this.#pool.destroy()
  }

  /** At once; batches that wait or are under way reject. */
  destroy(): Promise<void> {
    this.#isClosing = true
    this.#isDestroyed = true
    for (const { reject } of this.#waiting.splice(0)) reject(ended())
    return this.#pool.destroy()
  }

  #begin(): void {
    if (this.#isClosing) return
    const { port1: port, port2 } = new MessageChannel()
    const bell = new Int32Array(new SharedArrayBuffer(4))
    const loop: Loop = { port, bell, isReady: false, batch: null, opened: null }
    this.#loops.add(loop)
    port.on('message', (answer: BatchAnswer | Opened | typeof LOOP_READY) => {
      if (typeof answer === 'object' && 'opened' in answer) {
        loop.opened?.()
        return
      }
      const { batch } = loop
      loop.batch = null
      if (answer === LOOP_READY) loop.isReady = true
      else batch?.resolve(answer)
      this.#next(loop)
    })
    const running = this.#pool
      .run({ port: port2, bell: loop.bell, open: [...this.#open.values()] }, [port2])
      .then(
        () => this.#drop(loop),
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
    this.#ring(loop, { generation: batch.generation, task: batch.task })
  }

  /** A worker that waits hears the bell alone; it finds the messages when it looks. */
  #ring({ port, bell }: Loop, message: LoopMessage): void {
    port.postMessage(message)
    Atomics.store(bell, 0, RUNG)
    Atomics.notify(bell, 0)
  }

  #drop(loop: Loop): void {
    loop.port.close()
    loop.opened?.()
    this.#loops.delete(loop)
    this.#idle = this.#idle.filter((idle) => idle !== loop)
  }

  #lose(loop: Loop, reason: Error): void {
    this.#drop(loop)
    if (loop.batch !== null) loop.batch.reject(reason)
    else if (!this.#isClosing) this.#onLost(reason)
    // What hindered one that was never ready may pass: the arena of a thread before it is not given back yet.
    if (loop.isReady) this.#begin()
    else timers.setTimeout(() => this.#begin(), RETRY_MS).unref()
  }
}

function ended(): Error {
  return new Error('the workers were ended')
}
