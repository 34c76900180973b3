/** A caller's key in a path: it may hold any character, some of them as `%2F`. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { MAX_KEY_LENGTH } from '../../core/contract/ids.ts'

/** Throws `invalid_value` with the field. */
export function keyOfPath(part: string, field: string): string {
  try {
    const key = decodeURIComponent(part)
    if (key.length > 0 && key.length <= MAX_KEY_LENGTH) return key
  } catch (error) {
    if (!(error instanceof URIError)) throw error
  }
  const message = `invalid ${field}: 1 to ${MAX_KEY_LENGTH} characters, percent-encoded`
  throw new OfferwrightError('invalid_value', message, { field, value: part })
}
