/**
 * The part of the WebAssembly JavaScript interface that is used here. Node has it, but `@types/node` does not
 * declare it, and TypeScript's own declaration comes with the whole of the browser's DOM.
 */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number
    maximum?: number
    shared?: boolean
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor)
    readonly buffer: ArrayBufferLike
    /** In pages of 64 KiB; returns the pages there were. */
    grow(pages: number): number
  }
  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer)
  }
  type ImportValue = Memory | number | bigint | ((...values: never[]) => unknown)
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, ImportValue>>)
    readonly exports: object
  }
}
