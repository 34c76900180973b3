import { workerData } from '../../core/native/pool.ts'

export interface CountTask {
  bytes: SharedArrayBuffer
  /** The task ends when this many have started. */
  together: number
}

const { started, loaded } = workerData as { started: Int32Array; loaded: Int32Array }
Atomics.add(loaded, 0, 1)

/** Fills the task's memory with ones and tells its length. */
export function run(task: CountTask): number {
  if (task.together < 0) throw new Error(`invalid together: ${task.together}`)
  Atomics.add(started, 0, 1)
  Atomics.notify(started, 0)
  for (let n = Atomics.load(started, 0); n < task.together; n = Atomics.load(started, 0)) Atomics.wait(started, 0, n)
  return new Uint8Array(task.bytes).fill(1).length
}
