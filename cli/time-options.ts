/** Instants on the command line. */
import { InvalidArgumentError } from 'commander'

/** `2011-11-11` (midnight UTC) or an ISO 8601 time with its offset, as milliseconds since 1970. */
export function instant(text: string): number {
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  const time = isDate ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('A date such as 2011-11-11, or a time with its offset.')
  return time
}
