/** Reads the files of a mapping into the staging tables of sql/staging.sql. */
import { type Database, quoteText } from '../duckdb.ts'
import { amountOf, sumParts, totalParts, unitsOf } from './amounts.ts'
import {
  anyRule,
  decimalNumber,
  kindParts,
  normalised,
  present,
  timeMs,
  trimmed,
  truth,
  wholeNumber,
} from './expressions.ts'
import type { Attribute, EventSource, FileSource, ItemSource, LinkSource, Mapping, ShopperSource } from './mapping.ts'
import { type OpenSource, openSource, type SourcePlace } from './source.ts'

/** Stages one file of events; returns its rows, the broken ones among them. */
export async function stageEvents(
  db: Database,
  mapping: Mapping,
  source: EventSource,
  place: SourcePlace,
): Promise<number> {
  const open = await openSource(db, source, place)
  await nameSource(db, place.number, source)
  const text = textOf(open)
  const { columns } = source
  const kind = kindParts(source, open.column)
  const amount = amountOf(mapping, source)
  const total = totalParts([columns.total ?? []].flat().map(text), amount)
  const discount = sumParts([columns.discount ?? []].flat().map(text), amount)
  const weighed = anyRule(source.weighed, open.column)
  const shopper =
    columns.shopper === undefined ? 'NULL' : normalised(open.column(columns.shopper), source.normalise?.shopper)
  await insert(db, 'staged_events', open, [
    String(place.number),
    'line',
    anyRule(source.cancellations, open.column),
    anyRule(source.notGoods, open.column),
    text(columns.item),
    blankIsNull(normalised(open.column(columns.item), source.normalise?.item)),
    text(columns.shopper),
    `CASE WHEN ${anyRule(source.withoutShopper, open.column)} THEN NULL ELSE ${blankIsNull(shopper)} END`,
    text(columns.time),
    timeMs(open.column(columns.time), source.time),
    kind.text,
    kind.code,
    kind.ignored,
    text(columns.quantity),
    columns.quantity === undefined ? 'NULL' : unitsOf(text(columns.quantity), weighed),
    text(columns.price),
    amount(text(columns.price)),
    total.text,
    total.minor,
    discount.text,
    discount.minor,
    text(columns.campaign),
    text(columns.order),
    text(columns.id),
    text(columns.title),
    text(columns.category),
    text(columns.brand),
  ])
  return open.rows
}

/** Stages the item file; returns its rows, the broken ones among them. */
export async function stageItems(
  db: Database,
  mapping: Mapping,
  source: ItemSource,
  place: SourcePlace,
): Promise<number> {
  const open = await openSource(db, source, place)
  await nameSource(db, place.number, source)
  const text = textOf(open)
  const { columns } = source
  const amount = amountOf(mapping, source)
  await insert(db, 'staged_items', open, [
    String(place.number),
    'line',
    text(columns.item),
    blankIsNull(normalised(open.column(columns.item), source.normalise?.item)),
    text(columns.title),
    text(columns.category),
    text(columns.brand),
    text(columns.price),
    amount(text(columns.price)),
    text(columns.cost),
    amount(text(columns.cost)),
    text(columns.stock),
    columns.stock === undefined ? 'NULL' : wholeNumber(text(columns.stock)),
    text(columns.available),
    columns.available === undefined ? 'NULL' : truth(text(columns.available)),
  ])
  for (const [name, attribute] of Object.entries(source.attributes ?? {}))
    await stageAttribute(db, open, place.number, name, attribute)
  return open.rows
}

/** A row for each value: the text as it was read beside its value, or its number. */
async function stageAttribute(
  db: Database,
  open: OpenSource,
  source: number,
  name: string,
  { column, type, separator }: Attribute,
): Promise<void> {
  const text = present(open.column(column))
  const isNumber = type === 'number'
  const parts =
    separator === undefined
      ? `[${trimmed(text)}]`
      : `[${trimmed('part')} FOR part IN string_split(${text}, ${quoteText(separator)})]`
  const values = isNumber ? `NULL, ${decimalNumber(text)}` : `unnest(list_distinct(${parts})), NULL`
  await db.run(
    `INSERT INTO staged_attributes SELECT ${source}, line, ${quoteText(name)}, ${text}, ${isNumber}, ${values}
     FROM ${open.relation} WHERE ${text} IS NOT NULL`,
  )
}

/** Stages the links between shoppers; returns the file's rows, the broken ones among them. */
export async function stageLinks(db: Database, source: LinkSource, place: SourcePlace): Promise<number> {
  const open = await openSource(db, source, place)
  await nameSource(db, place.number, source)
  const text = textOf(open)
  const { columns, normalise } = source
  await insert(db, 'staged_links', open, [
    String(place.number),
    'line',
    text(columns.shopper),
    blankIsNull(normalised(open.column(columns.shopper), normalise?.shopper)),
    text(columns.to),
    blankIsNull(normalised(open.column(columns.to), normalise?.to)),
    text(columns.weight),
    columns.weight === undefined ? '1' : decimalNumber(text(columns.weight)),
  ])
  return open.rows
}

/** Stages what is known of shoppers; returns the file's rows, the broken ones among them. */
export async function stageShoppers(db: Database, source: ShopperSource, place: SourcePlace): Promise<number> {
  const open = await openSource(db, source, place)
  await nameSource(db, place.number, source)
  const { shopper } = source.columns
  await insert(db, 'staged_shoppers', open, [
    String(place.number),
    'line',
    textOf(open)(shopper),
    blankIsNull(normalised(open.column(shopper), source.normalise?.shopper)),
  ])
  for (const [name, attribute] of Object.entries(source.attributes))
    await stageAttribute(db, open, place.number, name, attribute)
  return open.rows
}

function textOf(open: OpenSource) {
  return (name: string | undefined) => (name === undefined ? 'NULL' : present(open.column(name)))
}

function blankIsNull(text: string): string {
  return `nullif(${text}, '')`
}

async function insert(db: Database, table: string, open: OpenSource, values: string[]): Promise<void> {
  await db.run(`INSERT INTO ${table} SELECT ${values.join(', ')} FROM ${open.relation}`)
}

async function nameSource(db: Database, number: number, source: FileSource): Promise<void> {
  await db.run(`INSERT INTO source_files VALUES (${number}, ${quoteText(source.name)})`)
  const attributes = Object.entries(('attributes' in source && source.attributes) || {})
  const named = [
    ...Object.entries(source.columns).map(([role, names]) => [role, [names].flat().join(' + ')]),
    ...attributes.map(([name, { column }]) => [`attribute ${name}`, column]),
  ]
  for (const [role, name] of named)
    await db.run(`INSERT INTO source_columns VALUES (${number}, ${quoteText(role)}, ${quoteText(name)})`)
}
