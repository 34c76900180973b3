/**
 * Wakes the sender when its next arrival is due. A timer of Node's loop is late by up to a millisecond, which is more than many
 * answers take, and a loop that spins costs the core that the server needs; a thread that sleeps costs neither.
 */
import { parentPort, workerData } from 'node:worker_threads'

export interface Ticking {
  /** On the clock of `monotonicMs`. */
  startsAt: number
  /** Milliseconds from the start, ascending. */
  arrivals: Float64Array
  /** Cells as `CELLS` names them. */
  state: Int32Array
}

export const CELLS = { sent: 0, canSend: 1, isOver: 2 } as const
/** So that a busy sender is not woken more often than this. */
const SHORTEST_SLEEP_MS = 0.2

/** The one clock that all threads of a process share. */
export function monotonicMs(): number {
  const [seconds, nanos] = process.hrtime()
  return 1000 * seconds + nanos / 1e6
}

function tick({ startsAt, arrivals, state }: Ticking, wake: () => void): void {
  for (;;) {
    const next = Atomics.load(state, CELLS.sent)
    if (next >= arrivals.length || Atomics.load(state, CELLS.isOver) === 1) return
    const due = startsAt + arrivals[next]
    Atomics.wait(state, CELLS.isOver, 0, Math.max(SHORTEST_SLEEP_MS, due - monotonicMs()))
    const isWaiting = Atomics.load(state, CELLS.sent) === next && Atomics.load(state, CELLS.canSend) === 1
    if (isWaiting && monotonicMs() >= due) wake()
  }
}

if (parentPort !== null) tick(workerData as Ticking, () => parentPort?.postMessage(0))
