/** The disk with faults: real files, and calls that fail by a plan. Equal plan and calls fail alike. */
import { Random } from '../../bench/random.ts'
import { DISK, type Files, type WrittenFile } from '../../core/store/files/files.ts'
import { pause } from './children.ts'

export type FaultyCall = 'create' | 'write' | 'datasync' | 'truncate' | 'remove' | 'syncFolder' | 'close'

export interface FaultPlan {
  /** Told of each call that can fail, numbered from 0; answers with the error's code, `short` for half a write, or null. */
  faultOf: (call: FaultyCall, number: number) => string | null
}

/** The `count` calls from number `first` on fail. */
export function failingCalls(code: string, first: number, count: number): FaultPlan {
  return { faultOf: (_, number) => (number >= first && number < first + count ? code : null) }
}

/** Each call fails with a probability, by a seed. */
export function randomFaults(codes: string[], probability: number, seed: number): FaultPlan {
  const random = new Random(seed)
  return { faultOf: () => (random.uniform() < probability ? codes[random.below(codes.length)] : null) }
}

export class FaultyFiles implements Files {
  plan: FaultPlan
  /** Calls so far, and those of them that failed. */
  calls = 0
  failed = 0
  /** How long a sync takes at least. */
  syncMs = 0

  constructor(plan: FaultPlan) {
    this.plan = plan
  }

  async create(path: string): Promise<WrittenFile> {
    this.#fail('create', path)
    return this.#faulty(await DISK.create(path), path)
  }

  async change(path: string): Promise<WrittenFile> {
    return this.#faulty(await DISK.change(path), path)
  }

  async remove(path: string): Promise<void> {
    this.#fail('remove', path)
    await DISK.remove(path)
  }

  list(folder: string): Promise<string[]> {
    return DISK.list(folder)
  }

  async syncFolder(folder: string): Promise<void> {
    this.#fail('syncFolder', folder)
    await DISK.syncFolder(folder)
  }

  freeBytes(folder: string): Promise<number> {
    return DISK.freeBytes(folder)
  }

  #faulty(file: WrittenFile, path: string): WrittenFile {
    return {
      write: async (bytes, position) => {
        const code = this.#next('write')
        if (code === null) return file.write(bytes, position)
        // A disk that is full has often taken a part.
        const part = await file.write(bytes.subarray(0, bytes.length >> 1), position)
        if (code === 'short') return part
        throw systemError(code, 'write', path)
      },
      datasync: async () => {
        this.#fail('datasync', path)
        if (this.syncMs > 0) await pause(this.syncMs)
        await file.datasync()
      },
      truncate: async (bytes) => {
        this.#fail('truncate', path)
        await file.truncate(bytes)
      },
      close: () => file.close(),
    }
  }

  #fail(call: FaultyCall, path: string): void {
    const code = this.#next(call)
    if (code !== null && code !== 'short') throw systemError(code, call, path)
  }

  #next(call: FaultyCall): string | null {
    const code = this.plan.faultOf(call, this.calls++)
    if (code !== null) this.failed++
    return code
  }
}

function systemError(code: string, call: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made to fail, ${call} '${path}'`), { code })
}
