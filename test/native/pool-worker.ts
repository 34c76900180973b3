import { moved, workerData } from '../../core/native/pool.ts'

export interface CountTask {
  bytes: ArrayBuffer
  /** The task ends when this many have started. */
  together: number
}

const { started } = workerData as { started: Int32Array }

export default function count(task: CountTask) {
  if (task.together < 0) throw new Error(`invalid together: ${task.together}`)
  Atomics.add(started, 0, 1)
  Atomics.notify(started, 0)
  for (let n = Atomics.load(started, 0); n < task.together; n = Atomics.load(started, 0)) Atomics.wait(started, 0, n)
  return moved({ bytes: task.bytes }, [task.bytes])
}
