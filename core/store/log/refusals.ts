/** Why a log takes no rows: what callers are told, who may come again. */
import { OfferwrightError } from '../../contract/errors.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT'])

export function failureOf(name: string, error: NodeJS.ErrnoException): OfferwrightError {
  if (!FULL.has(error.code ?? '')) return unavailable(name, error.message)
  return new OfferwrightError('disk_full', `the disk is full: the ${name} log cannot be written; come again later`)
}

export function unavailable(name: string, reason: string): OfferwrightError {
  return new OfferwrightError('log_unavailable', `the ${name} log cannot be written: ${reason}; come again later`)
}
