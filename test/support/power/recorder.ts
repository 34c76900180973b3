/** Builds the recorder and refuser of file calls, where there is a C compiler, and reads what it wrote. */
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../../../../test/support/power/write-recorder.c', import.meta.url))
const HEAD_BYTES = 24

export interface FileCall {
  /** As the recorder's source tells them. */
  call: string
  path: string
  argument: bigint
  /** CLOCK_MONOTONIC in nanoseconds, as `process.hrtime.bigint()`. */
  at: bigint
  data: Buffer
}

/** Resolves with the library to preload; with the reason where it cannot be built here. */
export function buildRecorder(folder: string): { library: string } | { missing: string } {
  if (process.platform !== 'linux') return { missing: `calls are recorded on Linux, this is ${process.platform}` }
  const library = join(folder, 'write-recorder.so')
  const { status, error, stderr } = spawnSync('gcc', [
    '-O2',
    '-shared',
    '-fPIC',
    '-o',
    library,
    SOURCE,
    '-ldl',
    '-lpthread',
  ])
  if (status === 0) return { library }
  return { missing: `no recorder of calls: gcc ${error?.message ?? String(stderr)}` }
}

export function recording(library: string, file: string, folder: string): NodeJS.ProcessEnv {
  return { ...process.env, LD_PRELOAD: library, RECORD_FILE: file, RECORD_FOLDER: folder }
}

/** The call of this number does nothing and fails; `short`: a write takes half. */
export function refusing(number: number, fault: 'EIO' | 'ENOSPC' | 'short'): NodeJS.ProcessEnv {
  const code = fault === 'short' ? 0 : constants.errno[fault]
  return { REFUSE_CALL: `${number}`, REFUSE_ERRNO: `${code}` }
}

/** A last record that a kill cut off is left out: its call was not over. */
export function readCalls(bytes: Buffer): FileCall[] {
  const calls: FileCall[] = []
  let at = 0
  while (at + HEAD_BYTES <= bytes.length) {
    const start = at + HEAD_BYTES
    const pathEnd = start + bytes.readUInt16LE(at + 2)
    const end = pathEnd + bytes.readUInt32LE(at + 4)
    if (end > bytes.length) break
    calls.push({
      call: String.fromCharCode(bytes[at]),
      path: bytes.toString('utf8', start, pathEnd),
      argument: bytes.readBigUInt64LE(at + 8),
      at: bytes.readBigUInt64LE(at + 16),
      data: bytes.subarray(pathEnd, end),
    })
    at = end
  }
  return calls
}
