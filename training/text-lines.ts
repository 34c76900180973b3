/** Lines of a text file, unpacked where its name ends with `.gz`. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { OfferwrightError } from '../core/contract/errors.ts'

/** Throws `invalid_data` on a damaged archive, system errors as they come. */
export async function* textLines(file: string): AsyncGenerator<string> {
  const bytes = createReadStream(file)
  // A pipeline, so that a fault of the file reaches who reads what was unpacked; there it is thrown.
  const input = file.endsWith('.gz') ? pipeline(bytes, createGunzip(), () => {}) : bytes
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  } catch (error) {
    throw gzipFault(error, file)
  }
}

/** What is told of an error while a file is unpacked. */
export function gzipFault(error: unknown, file: string): unknown {
  if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) return error
  const message = `${file}: damaged gzip data: ${(error as Error).message}`
  return new OfferwrightError('invalid_data', message, { field: 'file', value: file })
}
