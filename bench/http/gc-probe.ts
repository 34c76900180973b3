/**
 * Preloaded into each measured process and each of its threads (`--import`): tells the main thread of every pause that a
 * thread's garbage collector makes.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { BroadcastChannel, isMainThread } from 'node:worker_threads'

export interface GcPauses {
  /** Since the process started, of all threads. */
  count: number
  totalMs: number
  /** Since it was read last. */
  longestMs: number
}

const channel = new BroadcastChannel('offerwright-bench-gc')
const pauses: GcPauses = { count: 0, totalMs: 0, longestMs: 0 }

export function readPauses(): GcPauses {
  const read = { ...pauses }
  pauses.longestMs = 0
  return read
}

function add(ms: number): void {
  pauses.count++
  pauses.totalMs += ms
  pauses.longestMs = Math.max(pauses.longestMs, ms)
}

if (isMainThread) channel.onmessage = (message) => add((message as { data: number }).data)
const tell = isMainThread ? add : (ms: number) => channel.postMessage(ms)
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) tell(duration)
}).observe({ type: 'gc' })
channel.unref()
