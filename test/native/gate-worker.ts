import { workerData } from '../../core/native/pool.ts'
import { throughGate } from '../../core/native/threads.ts'

const WITHIN_MS = 200

/** Stays behind the gate for a while, and then goes through it again and again. `state` i32[1]: 1 within for the first time, 2 out of it. */
export function run(): never {
  const { state } = workerData as { state: Int32Array }
  throughGate(() => {
    Atomics.store(state, 0, 1)
    Atomics.wait(state, 0, 1, WITHIN_MS)
    Atomics.store(state, 0, 2)
  })
  for (;;) throughGate(() => undefined)
}
