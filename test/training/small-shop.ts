/** A shop's imported data, made by hand: what training's tests learn from. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { EVENT_KINDS, type EventKind } from '../../core/contract/events.ts'
import type { EventTable } from '../../training/dataset.ts'
import { Database, quoteText } from '../../training/duckdb.ts'

export interface SmallEvent {
  shopper: number | null
  item: number
  kind: EventKind
  timeMs: number
  quantity?: number
  priceMinor?: number | null
  discountMinor?: number
  order?: string | null
}

export interface SmallItem {
  category?: string | null
  priceMinor?: number
  costMinor?: number | null
  attributes?: Record<string, string | number>
}

export const DAY_MS = 86_400_000

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-training-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export function tableOf(events: SmallEvent[]): EventTable {
  const sorted = events.toSorted((a, b) => a.timeMs - b.timeMs)
  return {
    length: sorted.length,
    shopper: Uint32Array.from(sorted, ({ shopper }) => shopper ?? 0xffff_ffff),
    item: Uint32Array.from(sorted, ({ item }) => item),
    kind: Uint8Array.from(sorted, ({ kind }) => EVENT_KINDS.indexOf(kind)),
    timeMs: Float64Array.from(sorted, ({ timeMs }) => timeMs),
    quantity: Int32Array.from(sorted, ({ quantity }) => quantity ?? 1),
    priceMinor: Int32Array.from(sorted, ({ priceMinor }) => priceMinor ?? -1),
    discountMinor: Int32Array.from(sorted, ({ discountMinor }) => discountMinor ?? 0),
  }
}

/** Writes the data folder that import would have written. */
export async function writeData(
  folder: string,
  items: SmallItem[],
  shoppers: number,
  events: SmallEvent[],
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const db = await Database.open({ threads: 1 })
  try {
    await db.run(`CREATE TABLE items (item_index UINTEGER, key VARCHAR, title VARCHAR, category VARCHAR, brand VARCHAR,
      price_minor INTEGER, prior_price_minor INTEGER, cost_minor INTEGER, stock INTEGER, available BOOLEAN)`)
    await insert(db, 'items', items.map(itemRow))
    await db.run('CREATE TABLE shoppers (shopper_index UINTEGER, key VARCHAR)')
    const shopperRows = Array.from({ length: shoppers }, (_, shopper) => `${shopper}, ${quoteText(key('s', shopper))}`)
    await insert(db, 'shoppers', shopperRows)
    await db.run(`CREATE TABLE events (shopper_index UINTEGER, item_index UINTEGER, kind UTINYINT, time_ms BIGINT,
      quantity INTEGER, price_minor INTEGER, discount_minor INTEGER, campaign VARCHAR, order_key VARCHAR)`)
    const sorted = events.toSorted((a, b) => a.timeMs - b.timeMs)
    await insert(db, 'events', sorted.map(eventRow))
    await db.run('CREATE TABLE attributes (item_index UINTEGER, name VARCHAR, value VARCHAR, number DOUBLE)')
    const attributes = items.flatMap(attributeRows)
    await insert(db, 'attributes', attributes)
    for (const table of ['items', 'shoppers', 'events', ...(attributes.length > 0 ? ['attributes'] : [])])
      await db.run(`COPY ${table} TO ${quoteText(join(folder, `${table}.parquet`))} (FORMAT parquet)`)
    const summary = {
      version: 1,
      shop: 'default',
      currency: 'GBP',
      watermark: sorted.at(-1)?.timeMs ?? 0,
      items: items.length,
      shoppers,
      events: events.length,
      purchases: events.filter(({ kind }) => kind === 'purchase').length,
    }
    await writeFile(join(folder, 'dataset.json'), JSON.stringify(summary))
    await writeFile(join(folder, 'quality.json'), JSON.stringify({ events: events.length }))
  } finally {
    db.close()
  }
}

export function key(prefix: string, index: number): string {
  return `${prefix}-${String(index).padStart(6, '0')}`
}

async function insert(db: Database, table: string, rows: string[]): Promise<void> {
  for (let start = 0; start < rows.length; start += 1000) {
    const values = rows.slice(start, start + 1000).map((row) => `(${row})`)
    await db.run(`INSERT INTO ${table} VALUES ${values.join(',')}`)
  }
}

function itemRow({ category = null, priceMinor = 1000, costMinor = 500 }: SmallItem, item: number): string {
  const categoryText = category === null ? 'NULL' : quoteText(category)
  return `${item}, ${quoteText(key('i', item))}, ${quoteText(`Item ${item}`)}, ${categoryText}, NULL, ${priceMinor}, ${priceMinor}, ${costMinor ?? 'NULL'}, NULL, true`
}

function attributeRows({ attributes = {} }: SmallItem, item: number): string[] {
  return Object.entries(attributes).map(([name, value]) =>
    typeof value === 'number'
      ? `${item}, ${quoteText(name)}, NULL, ${value}`
      : `${item}, ${quoteText(name)}, ${quoteText(value)}, NULL`,
  )
}

function eventRow(event: SmallEvent): string {
  const { shopper, item, kind, timeMs, quantity = 1, priceMinor = null, discountMinor = 0, order = null } = event
  const orderText = order === null ? 'NULL' : quoteText(order)
  return `${shopper ?? 'NULL'}, ${item}, ${EVENT_KINDS.indexOf(kind)}, ${timeMs}, ${quantity}, ${priceMinor ?? 'NULL'}, ${discountMinor}, NULL, ${orderText}`
}
