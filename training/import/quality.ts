/** The data-quality report: what was read, what became of it, and how the rest looks. It travels in the snapshot. */
import type { Database } from '../duckdb.ts'
import type { Mapping } from './mapping.ts'
import { readSql } from './sql.ts'

/** Rows of the files, sound and broken. */
export interface RowsRead {
  events: number
  /** Null without an item file. */
  items: number | null
  /** Null without a file of links. */
  links: number | null
  /** Null without a file of shoppers. */
  shoppers: number | null
}

/** Rows with their units and value: quantity, and quantity × unit price in minor units. */
export interface Amount {
  lines: number
  units: number
  valueMinor: number
}

interface Range {
  min: number
  max: number
}

/** `rows.read` is the sum of `events`, `rejected` and the lines of every category of `leftOut`. */
export interface Quality {
  version: 1
  currency: string
  rows: { read: number; events: number; rejected: number }
  leftOut: Record<(typeof LEFT_OUT)[number], Amount>
  cancellations: { matched: number; unmatched: number }
  events: { withoutShopper: number; withoutPrice: number; exactDuplicates: number; outOfTimeOrder: number }
  distinct: { items: number; itemsWithEvents: number; shoppers: number; orders: number; purchases: number }
  time: Range | null
  /** Events whose total the quantity does not divide; quantity × unit price is `gainedMinor` more than the totals. */
  roundedTotals: { lines: number; gainedMinor: number }
  priceMinor: Range | null
  quantity: Range | null
  items: {
    read: number | null
    rejected: number
    withoutPrice: number
    costAssumed: number
    costUnknown: number
    stockNegative: number
  }
  /** `read` is the sum of the others; `repeated`: the pair has another row, of at least the weight. */
  links: { read: number; kept: number; repeated: number; rejected: number } | null
  /** Rows of the file of shoppers. `read` is the sum of `kept` and `rejected`; `withoutEvents` are some of the kept. */
  shoppers: { read: number; kept: number; withoutEvents: number; rejected: number } | null
  rejectReasons: { column: string; reason: string; lines: number }[]
}

/** Rows that are not wrong and yet no events. `reversedPurchase`: purchases that a cancellation took back. */
export const LEFT_OUT = [
  'cancellation',
  'reversedPurchase',
  'notGoods',
  'ignoredKind',
  'quantityNotPositive',
  'priceNotPositive',
  'repeatedId',
] as const

type EventRow = Record<
  | 'events'
  | 'purchases'
  | 'without_shopper'
  | 'without_price'
  | 'orders'
  | 'items'
  | 'min_time'
  | 'max_time'
  | 'min_price'
  | 'max_price'
  | 'min_quantity'
  | 'max_quantity',
  number
>

export async function measureQuality(db: Database, mapping: Mapping, rows: RowsRead): Promise<Quality> {
  const [events] = await db.rows<EventRow>(await readSql('quality-events'))
  const [{ duplicates }] = await db.rows<{ duplicates: number }>(await readSql('quality-duplicates'))
  const [{ backward }] = await db.rows<{ backward: number }>(await readSql('quality-time-order'))
  const verdicts = await db.rows<{ verdict: string; lines: number; units: number; value_minor: number }>(
    await readSql('quality-verdicts'),
  )
  const [rounded] = await db.rows<{ lines: number; gained_minor: number }>(await readSql('quality-totals'))
  const reasons = await db.rows<{ column_name: string; reason: string; lines: number }>(
    await readSql('quality-rejects'),
  )
  const itemSource = mapping.events.length
  const count = async (from: string) =>
    (await db.rows<{ n: number }>(`SELECT CAST(count(*) AS DOUBLE) AS n FROM ${from}`))[0].n
  const amounts = LEFT_OUT.map((category): [string, Amount] => {
    const found = verdicts.find(({ verdict }) => verdict === category)
    return [category, { lines: found?.lines ?? 0, units: found?.units ?? 0, valueMinor: found?.value_minor ?? 0 }]
  })
  const leftOut = Object.fromEntries(amounts) as Quality['leftOut']
  const matched = await count('reversals WHERE step = -1')
  const hasEvents = events.events > 0
  return {
    version: 1,
    currency: mapping.currency,
    rows: { read: rows.events, events: events.events, rejected: await count(`rejects WHERE source < ${itemSource}`) },
    leftOut,
    cancellations: { matched, unmatched: leftOut.cancellation.lines - matched },
    events: {
      withoutShopper: events.without_shopper,
      withoutPrice: events.without_price,
      exactDuplicates: duplicates,
      outOfTimeOrder: backward,
    },
    distinct: {
      items: await count('items'),
      itemsWithEvents: events.items,
      shoppers: await count('shoppers'),
      orders: events.orders,
      purchases: events.purchases,
    },
    time: hasEvents ? { min: events.min_time, max: events.max_time } : null,
    roundedTotals: { lines: rounded.lines, gainedMinor: rounded.gained_minor },
    priceMinor: hasEvents && events.min_price !== null ? { min: events.min_price, max: events.max_price } : null,
    quantity: hasEvents ? { min: events.min_quantity, max: events.max_quantity } : null,
    items: {
      read: rows.items,
      rejected: await count(`rejects WHERE source = ${itemSource}`),
      withoutPrice: await count('catalogue c LEFT JOIN items i ON i.key = c.item_key WHERE i.key IS NULL'),
      costAssumed:
        mapping.costShare === undefined
          ? 0
          : await count('items i JOIN catalogue c ON c.item_key = i.key WHERE c.cost_minor IS NULL'),
      costUnknown: await count('items WHERE cost_minor IS NULL'),
      stockNegative: await count('staged_items WHERE stock < 0'),
    },
    links: rows.links === null ? null : await measureLinks(rows.links, itemSource + 1, count),
    shoppers: rows.shoppers === null ? null : await measureShoppers(rows.shoppers, itemSource + 2, count),
    rejectReasons: reasons.map(({ column_name, reason, lines }) => ({ column: column_name, reason, lines })),
  }
}

async function measureLinks(
  read: number,
  source: number,
  count: (from: string) => Promise<number>,
): Promise<Quality['links']> {
  const kept = await count('links')
  const rejected = await count(`rejects WHERE source = ${source}`)
  return { read, kept, repeated: read - kept - rejected, rejected }
}

const WITHOUT_EVENTS = `shoppers s
  WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.shopper_index = s.shopper_index)`

async function measureShoppers(
  read: number,
  source: number,
  count: (from: string) => Promise<number>,
): Promise<Quality['shoppers']> {
  const rejected = await count(`rejects WHERE source = ${source}`)
  return { read, kept: read - rejected, withoutEvents: await count(WITHOUT_EVENTS), rejected }
}
