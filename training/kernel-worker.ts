/** A training thread: runs one kernel export on the stage's shared memory. */
import { instantiateKernel } from '../core/native/kernel.ts'
import { workerData } from '../core/native/pool.ts'
import type { KernelArguments, Threaded } from './kernel-threads.ts'

const kernel: { [Name in Threaded]: (...args: KernelArguments[Name]) => void } = instantiateKernel(
  workerData as WebAssembly.Memory,
)

export function run<Name extends Threaded>({ name, args }: { name: Name; args: KernelArguments[Name] }): void {
  kernel[name](...args)
}
