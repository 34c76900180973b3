/**
 * How a thread is ended in the midst of something. Two of them take the whole process along (Node 20.20 and 22): one that is ended while
 * Node loads its modules, and one that is ended within a native addon, whose error cannot be thrown any more. So the first are let finish,
 * and addons stand behind a gate that is shut before a thread is ended.
 */
import { setTimeout } from 'node:timers/promises'
import { isMainThread, threadId, type Worker, workerData } from 'node:worker_threads'

/** What each thread of a pool is given. */
export interface ThreadData {
  gates: Int32Array
  given: unknown
}

/** A thread that neither loads its code nor comes out of an addon is ended after this long. */
export const PATIENCE_MS = 30_000

/** Threads whose ids are so far apart share a gate; they do not live at the same time. */
const GATES = 4096
const [OPEN, WITHIN, SHUT] = [0, 1, 2]

const data: Partial<ThreadData> | null = isMainThread ? null : workerData
const gates = data?.gates ?? new Int32Array(new SharedArrayBuffer(4 * GATES))
const own = threadId % GATES
Atomics.store(gates, own, OPEN)

/** Of each thread, until it has loaded its code or is gone. */
const loading = new WeakMap<Worker, Promise<unknown>>()

export function threadData(given: unknown): ThreadData {
  return { gates, given }
}

/** Calls of addons that this thread is within. */
let within = 0

/** Calls into an addon. In a thread that is about to be ended it does not return. */
export function throughGate<T>(native: () => T): T {
  enter()
  try {
    return native()
  } finally {
    leave()
  }
}

/** The same for what an addon does beside this thread and tells it of: until then the thread is within. */
export async function besideThroughGate<T>(native: () => Promise<T>): Promise<T> {
  enter()
  try {
    return await native()
  } finally {
    leave()
  }
}

function enter(): void {
  if (within === 0) while (Atomics.compareExchange(gates, own, OPEN, WITHIN) === SHUT) Atomics.wait(gates, own, SHUT)
  within++
}

function leave(): void {
  if (--within === 0) Atomics.store(gates, own, OPEN)
}

/** Of a thread that has just begun: its first message says that it has loaded its code. False: it is known. */
export function noteThread(thread: Worker): boolean {
  if (loading.has(thread)) return false
  const loaded = new Promise((resolve) => {
    thread.once('message', resolve)
    thread.once('exit', resolve)
  })
  loading.set(thread, loaded)
  return true
}

/** Until a thread has loaded its code; the process does not end before. */
export async function loaded(thread: Worker): Promise<void> {
  thread.ref()
  await Promise.race([loading.get(thread), setTimeout(PATIENCE_MS, undefined, { ref: false })])
}

/** Until a thread may be ended: it calls no addon any more. */
export async function readyToEnd(thread: Worker): Promise<void> {
  await loaded(thread)
  const gate = thread.threadId % GATES
  const latest = performance.now() + PATIENCE_MS
  // Of one that is gone the id is below 0.
  while (gate >= 0 && Atomics.compareExchange(gates, gate, OPEN, SHUT) === WITHIN && performance.now() < latest)
    await setTimeout(1)
}

/** Ends a thread whatever it does. */
export async function endThread(thread: Worker): Promise<void> {
  await readyToEnd(thread)
  await thread.terminate()
}
