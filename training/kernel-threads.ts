/**
 * Kernel work on several threads over one shared memory. Rows are cut into blocks of a fixed size and every block
 * is computed the same way wherever it runs, so the result does not depend on the number of threads.
 */
import type { KernelExports } from '../core/native/kernel.ts'
import { WorkerPool } from '../core/native/pool.ts'

/** Exports that training runs in blocks. */
export type Threaded =
  | 'alsRows'
  | 'denseTimesDense'
  | 'easeRows'
  | 'filterRows'
  | 'gramColumns'
  | 'similarityBlock'
  | 'sparseTimesDense'
export type KernelArguments = { [Name in Threaded]: Parameters<KernelExports[Name]> }
export type KernelCall = { [Name in Threaded]: { name: Name; args: KernelArguments[Name] } }[Threaded]

/** Rows that one call covered, and the lane whose scratch memory it used. */
export interface Block {
  lane: number
  from: number
  to: number
}

export class KernelThreads {
  readonly lanes: number
  readonly #pool: WorkerPool<KernelCall, void>

  constructor(memory: WebAssembly.Memory, threads: number) {
    this.lanes = threads
    this.#pool = new WorkerPool({
      file: new URL('./kernel-worker.js', import.meta.url),
      workers: threads,
      workerData: memory,
    })
  }

  /**
   * Covers rows 0..n in blocks. `lane` tells apart calls that run at once: each lane may own scratch memory, which is left
   * alone until `onDone` of its block returned. `rows`: how many are done in all.
   */
  async blocks(
    n: number,
    blockRows: number,
    callFor: (lane: number, from: number, to: number) => KernelCall,
    onDone: (rows: number, block: Block) => void = () => undefined,
  ): Promise<void> {
    let next = 0
    let done = 0
    const runLane = async (lane: number) => {
      while (next < n) {
        const from = next
        next = Math.min(n, from + blockRows)
        const to = next
        await this.#pool.run(callFor(lane, from, to))
        done += to - from
        onDone(done, { lane, from, to })
      }
    }
    await Promise.all(Array.from({ length: this.lanes }, (_, lane) => runLane(lane)))
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
