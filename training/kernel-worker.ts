/** A training thread: runs one kernel export on the stage's shared memory. */
import { instantiateKernel } from '../core/native/kernel.ts'
import { workerData } from '../core/native/pool.ts'
import type { KernelCall } from './kernel-threads.ts'

const kernel = instantiateKernel(workerData as WebAssembly.Memory)

export default function run(call: KernelCall): void {
  if (call.name === 'similarityBlock') kernel.similarityBlock(...call.args)
  else kernel.sparseTimesDense(...call.args)
}
