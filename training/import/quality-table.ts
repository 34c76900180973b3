/** The data-quality report as lines to read. */
import { formatMinor } from '../../core/contract/money.ts'
import { LEFT_OUT, type Quality } from './quality.ts'

const LEFT_OUT_NAMES: Record<(typeof LEFT_OUT)[number], string> = {
  cancellation: 'cancellations',
  reversedPurchase: 'purchases they took back',
  notGoods: 'not goods',
  ignoredKind: 'kinds the mapping leaves out',
  quantityNotPositive: 'quantity not positive',
  priceNotPositive: 'price not positive',
  repeatedId: 'repeated event ids',
}

/** The longest reason with a column's name of a dozen letters before it. */
const NAME_WIDTH = 56

export function qualityTable(quality: Quality): string {
  return [
    ...rowLines(quality),
    ...eventLines(quality),
    ...itemLines(quality),
    ...linkLines(quality),
    ...shopperLines(quality),
    ...rejectLines(quality),
  ].join('\n')
}

function rowLines({ rows, leftOut, cancellations, currency }: Quality): string[] {
  const left = LEFT_OUT.filter((category) => leftOut[category].lines > 0).map((category) => {
    const { lines, units, valueMinor } = leftOut[category]
    return line(
      `  ${LEFT_OUT_NAMES[category]}`,
      lines,
      `${count(units)} units, ${formatMinor(valueMinor, currency)} ${currency}`,
    )
  })
  const unmatched =
    cancellations.unmatched > 0 ? [line('    that match no earlier purchase', cancellations.unmatched)] : []
  const at = left.findIndex((text) => text.trimStart().startsWith(LEFT_OUT_NAMES.cancellation)) + 1
  return [
    line('rows read', rows.read),
    ...left.toSpliced(at, 0, ...unmatched),
    line('  rejected', rows.rejected, rows.rejected > 0 ? 'see rejects.csv' : ''),
    line('  events', rows.events),
  ]
}

function eventLines({
  rows,
  events,
  distinct,
  time,
  roundedTotals,
  priceMinor,
  quantity,
  currency,
}: Quality): string[] {
  const share = rows.events > 0 ? `${((100 * events.withoutShopper) / rows.events).toFixed(1)} %` : ''
  return [
    line('purchases', distinct.purchases),
    line('orders', distinct.orders),
    line('shoppers', distinct.shoppers),
    line('events without a shopper', events.withoutShopper, share),
    line('events without a price', events.withoutPrice),
    ...(roundedTotals.lines > 0
      ? [
          line(
            'totals that the quantity does not divide',
            roundedTotals.lines,
            `prices rounded, ${formatMinor(roundedTotals.gainedMinor, currency)} ${currency} in all`,
          ),
        ]
      : []),
    line('exact copies of an event', events.exactDuplicates, events.exactDuplicates > 0 ? 'kept' : ''),
    line('rows older than the one before', events.outOfTimeOrder),
    ...(time ? [`${pad('time')}${new Date(time.min).toISOString()} to ${new Date(time.max).toISOString()}`] : []),
    ...(priceMinor
      ? [
          `${pad('unit price')}${formatMinor(priceMinor.min, currency)} to ${formatMinor(priceMinor.max, currency)} ${currency}`,
        ]
      : []),
    ...(quantity ? [`${pad('quantity')}${count(quantity.min)} to ${count(quantity.max)}`] : []),
  ]
}

function itemLines({ items, distinct }: Quality): string[] {
  const optional: [string, number, string][] = [
    ['rows of the item file', items.read ?? 0, ''],
    ['  rejected', items.rejected, 'see rejects.csv'],
    ['  without any price', items.withoutPrice, 'left out'],
    ['  stock below 0', items.stockNegative, 'taken as 0'],
    ['  cost assumed by costShare', items.costAssumed, ''],
    ['  cost unknown', items.costUnknown, 'no offer on these'],
  ]
  return [
    line('items', distinct.items, `${count(distinct.itemsWithEvents)} with events`),
    ...optional.filter(([, n]) => n > 0).map(([name, n, note]) => line(name, n, note)),
  ]
}

function linkLines({ links }: Quality): string[] {
  if (links === null) return []
  const optional: [string, number, string][] = [
    ['  rejected', links.rejected, 'see rejects.csv'],
    ['  repeated', links.repeated, 'the largest weight stays'],
  ]
  return [
    line('links', links.kept, `${count(links.read)} rows read`),
    ...optional.filter(([, n]) => n > 0).map(([name, n, note]) => line(name, n, note)),
  ]
}

function shopperLines({ shoppers }: Quality): string[] {
  if (shoppers === null) return []
  const optional: [string, number, string][] = [
    ['  rejected', shoppers.rejected, 'see rejects.csv'],
    ['  without events', shoppers.withoutEvents, 'shoppers all the same'],
  ]
  return [
    line('shoppers of whom something is known', shoppers.kept, `${count(shoppers.read)} rows read`),
    ...optional.filter(([, n]) => n > 0).map(([name, n, note]) => line(name, n, note)),
  ]
}

function rejectLines({ rejectReasons }: Quality): string[] {
  if (rejectReasons.length === 0) return []
  const reasons = rejectReasons.map(({ column, reason, lines }) =>
    line(`  ${column ? `${column}: ` : ''}${reason}`, lines),
  )
  return ['reasons for rejecting', ...reasons]
}

function line(name: string, n: number, note = ''): string {
  return `${pad(name)}${count(n).padStart(12)}${note ? `  ${note}` : ''}`
}

function pad(name: string): string {
  return name.padEnd(NAME_WIDTH)
}

function count(n: number): string {
  return n.toLocaleString('en')
}
