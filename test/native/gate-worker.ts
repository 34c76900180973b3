import { setTimeout } from 'node:timers/promises'
import { workerData } from '../../core/native/pool.ts'
import { besideThroughGate, throughGate } from '../../core/native/threads.ts'

const WITHIN_MS = 200

/** Stays behind the gate for a while, and then goes through it again and again. `state` i32[1]: 1 within for the first time, 2 out of it. */
export async function run(how: 'at once' | 'beside'): Promise<never> {
  const { state } = workerData as { state: Int32Array }
  Atomics.store(state, 0, 1)
  if (how === 'at once') throughGate(() => void Atomics.wait(state, 0, 1, WITHIN_MS))
  else await besideThroughGate(() => setTimeout(WITHIN_MS))
  Atomics.store(state, 0, 2)
  for (;;) throughGate(() => undefined)
}
