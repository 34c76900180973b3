/** The export of events: one day's columns as CSV text. */
import { formatMinor } from '../../core/contract/money.ts'
import { promotionOf } from './calendar.ts'
import { type EventColumns, EXPORTED_KINDS, KIND } from './event-columns.ts'
import { categoryOf, itemKey, shopperKey, type Truth } from './truth.ts'

export const EVENTS_HEADER = 'time,shopper,session,event,item,quantity,price,discount,campaign,order\n'

/** One row's fields, in the order of the header. */
export type EventFields = [
  time: string,
  shopper: string,
  session: string,
  event: string,
  item: string,
  quantity: string,
  price: string,
  discount: string,
  campaign: string,
  order: string,
]

/** Hands each row of the day, in order of time, to `take`. */
export function forEachEventRow(
  truth: Truth,
  day: number,
  rows: EventColumns,
  money: (minor: number) => string,
  take: (fields: EventFields) => void,
): void {
  const date = new Date(truth.parameters.startMs + day * 86_400_000).toISOString().slice(0, 11)
  const promotions = truth.parameters.categories.map((_, category) => promotionOf(truth, category, Math.floor(day / 7)))
  for (const row of rows.inTimeOrder()) {
    const kind = rows.kind[row]
    take([
      date + clock(rows.second[row]),
      rows.anonymous[row] ? '' : shopperKey(rows.shopper[row]),
      `v${rows.visit[row]}`,
      EXPORTED_KINDS[kind],
      itemKey(rows.item[row]),
      String(rows.quantity[row]),
      money(rows.priceMinor[row]),
      money(rows.discountMinor[row]),
      rows.promoted[row] ? promotions[categoryOf(truth, rows.item[row])] : '',
      kind === KIND.purchase ? `o${rows.visit[row]}` : '',
    ])
  }
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))

function clock(second: number): string {
  return `${TWO_DIGITS[Math.floor(second / 3600)]}:${TWO_DIGITS[Math.floor(second / 60) % 60]}:${TWO_DIGITS[second % 60]}Z`
}

/** `formatMinor` that remembers what it wrote: a shop has few different prices and many rows. */
export function moneyText(currency: string): (minor: number) => string {
  const written = new Map<number, string>()
  return (minor) => {
    const known = written.get(minor)
    if (known !== undefined) return known
    const text = formatMinor(minor, currency)
    written.set(minor, text)
    return text
  }
}
