import { instantiateKernel, type KernelBuild, type KernelExports } from '../../core/native/kernel.ts'

export const BUILDS: KernelBuild[] = ['release', 'debug']

/** Every property is run with these, so that a failure repeats. */
export const SEEDED = { seed: 20_111_112, numRuns: 200 }

type Numbers = Uint8Array | Uint32Array | Int32Array | Float32Array | Float64Array | BigUint64Array

/** A shared memory whose arrays are laid out one after the other, each with a guard before and after it. */
export class Arena {
  readonly memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true })
  readonly kernel: KernelExports
  private free = 64

  constructor(build: KernelBuild) {
    this.kernel = instantiateKernel(this.memory, build)
  }

  /** Forgets all arrays and makes every byte 0xA5, so that nothing relies on zeroed memory. */
  reset(): void {
    new Uint8Array(this.memory.buffer).fill(0xa5)
    this.free = 64
  }

  place(values: Numbers): number {
    const pointer = this.free
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    new Uint8Array(this.memory.buffer).set(bytes, pointer)
    this.free = (pointer + bytes.length + 64 + 7) & ~7
    return pointer
  }

  u8(values: Iterable<number>): number {
    return this.place(Uint8Array.from(values))
  }

  u32(values: Iterable<number>): number {
    return this.place(Uint32Array.from(values))
  }

  f32(values: Iterable<number>): number {
    return this.place(Float32Array.from(values))
  }

  f64(values: Iterable<number>): number {
    return this.place(Float64Array.from(values))
  }

  /** Room for `bytes` bytes; what lies there is left as it is. */
  room(bytes: number): number {
    const pointer = this.free
    this.free = (pointer + bytes + 64 + 7) & ~7
    return pointer
  }

  readU32(pointer: number, n: number): number[] {
    return [...new Uint32Array(this.memory.buffer, pointer, n)]
  }

  readI32(pointer: number, n: number): number[] {
    return [...new Int32Array(this.memory.buffer, pointer, n)]
  }

  readF32(pointer: number, n: number): number[] {
    return [...new Float32Array(this.memory.buffer, pointer, n)]
  }

  readF64(pointer: number, n: number): number[] {
    return [...new Float64Array(this.memory.buffer, pointer, n)]
  }
}
