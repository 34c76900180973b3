/**
 * What the CLI says when something fails: one line on stderr, `error CODE: message (field, value)`, and an exit code.
 * 2: the caller can mend it (usage, bad input, a refused snapshot). 1: the environment or a defect of ours.
 */
import { CommanderError } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'

/** A command that was started as a process has told its own fault and ended with this code. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly exitCode: number

  constructor(command: string, exitCode: number) {
    super(`${command} ended with exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}

export const EXIT = { done: 0, failed: 1, refused: 2 } as const

export interface Told {
  line: string
  exitCode: number
}

/** Null: nothing is left to say, as after `--help`. */
export function tellFault(thrown: unknown): Told | null {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? null : { line: '', exitCode: EXIT.refused }
  if (thrown instanceof CommandFailed) return { line: '', exitCode: thrown.exitCode }
  if (thrown instanceof OfferwrightError)
    return { line: refusal(thrown), exitCode: thrown.status < 500 ? EXIT.refused : EXIT.failed }
  const environment = environmentFault(thrown)
  if (environment) return { line: `error environment: ${environment}`, exitCode: EXIT.failed }
  return { line: unexpected(thrown), exitCode: EXIT.failed }
}

function refusal(error: OfferwrightError): string {
  const where = [error.field, 'value' in error ? JSON.stringify(error.value) : undefined].filter((part) => part)
  return `error ${error.code}: ${error.message}${where.length > 0 ? ` (${where.join(', ')})` : ''}`
}

const SYSTEM_FAULTS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EMFILE: 'too many open files (raise `ulimit -n`)',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a file stands where a folder is needed',
  EISDIR: 'a folder stands where a file is needed',
}

/** Null when the fault is not the machine's. */
function environmentFault(thrown: unknown): string | null {
  if (!(thrown instanceof Error)) return null
  const { code, path } = thrown as NodeJS.ErrnoException
  if (code !== undefined && code in SYSTEM_FAULTS) return `${SYSTEM_FAULTS[code]}: ${path ?? thrown.message}`
  return isMissingNative(thrown) ? `a native library does not load: ${firstLine(thrown)}; ${NATIVE_REMEDY}` : null
}

const NATIVE_REMEDY =
  'with a C++ compiler, make and Python 3 installed run `npm rebuild hnswlib-node`; ' +
  'npm must be allowed to run its install script (not `ignore-scripts`; npm 11: `allowScripts` in package.json)'

function isMissingNative(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_DLOPEN_FAILED' || error.message.startsWith('Could not locate the bindings file')
}

function unexpected(thrown: unknown): string {
  if (process.env.OFFERWRIGHT_STACK && thrown instanceof Error && thrown.stack) return thrown.stack
  return `error internal: ${firstLine(thrown)} (OFFERWRIGHT_STACK=1 prints the stack)`
}

function firstLine(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0] as string
}
