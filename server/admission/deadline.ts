/** `X-Deadline-Ms`: how long the caller waits for its answer, in milliseconds from when the request came. */
import { OfferwrightError } from '../../core/contract/errors.ts'

export const DEADLINE_HEADER = 'x-deadline-ms'

const MOST_MS = 600_000

/** `header`: empty where there is none, then `defaultMs` holds. Throws `invalid_value`. */
export function deadlineMsOf(header: string, defaultMs: number): number {
  if (header === '') return defaultMs
  const ms = /^\d{1,6}$/.test(header) ? Number(header) : 0
  if (ms < 1 || ms > MOST_MS)
    throw new OfferwrightError(
      'invalid_value',
      `invalid ${DEADLINE_HEADER}: ${header} (a whole number of 1 to ${MOST_MS})`,
      {
        field: DEADLINE_HEADER,
        value: header,
      },
    )
  return ms
}
