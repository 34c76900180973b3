/**
 * Prices that may stand on a label: whole minor units that end in given digits (9 for 4.99 and 4.89, 99 for 4.99 alone), which
 * shoppers are used to (Schindler, Kirby, Journal of Consumer Research 24, 1997). Bounds are compared, never rounded, so
 * no price point lies outside them.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { MAX_AMOUNT_MINOR } from '../../core/contract/money.ts'

/** More candidates than this would price a finer step than any till shows. */
const MOST_POINTS = 200_000

/** Ascending. `ending` holds digits; the empty text lets every amount be a price. */
export function pricePoints(leastMinor: number, mostMinor: number, ending: string): number[] {
  const step = 10 ** ending.length
  const last = Number(ending)
  const most = Math.min(mostMinor, MAX_AMOUNT_MINOR)
  if ((most - leastMinor) / step > MOST_POINTS)
    throw new OfferwrightError('invalid_value', `more than ${MOST_POINTS} prices between ${leastMinor} and ${most}`, {
      field: 'ending',
      value: ending,
    })
  const points: number[] = []
  let point = Math.floor(Math.max(0, leastMinor) / step) * step + last
  for (; point <= most; point += step) if (point >= leastMinor && point > 0) points.push(point)
  return points
}

/** Throws `invalid_value` on anything but up to four digits. */
export function parseEnding(text: string): string {
  if (/^\d{0,4}$/.test(text)) return text
  throw new OfferwrightError('invalid_value', `invalid ending: ${text} (up to four digits such as 9 or 99)`, {
    field: 'ending',
    value: text,
  })
}
