/**
 * The mapping: a JSON file in which a merchant says what their files mean. Paths in it are relative to it.
 *
 * ```json
 * { "version": 1, "currency": "GBP",
 *   "events": [{ "file": "sales.csv.gz", "kind": "purchase", "time": { "format": "%Y-%m-%d", "zone": "Europe/London" },
 *                "columns": { "item": "sku", "time": "day", "shopper": "customer", "price": "unit_price" } }],
 *   "items": { "file": "items.csv", "columns": { "item": "sku", "title": "name", "price": "price", "cost": "cost" },
 *              "attributes": { "colour": { "column": "colour", "type": "text" },
 *                              "tags": { "column": "tags", "type": "text", "separator": "|" } } } }
 * ```
 *
 * A till's file often has the line's total and what it took off in several columns:
 *
 * ```json
 * "columns": { "item": "sku", "time": "at", "quantity": "qty",
 *              "total": ["paid", "loyalty_off"], "discount": ["loyalty_off", "coupon"] },
 * "weighed": [{ "column": "unit", "oneOf": ["kg", "litre"] }]
 * ```
 *
 * - `total` in place of `price`: the price is total / quantity, rounded once. In a list, the first column is the amount
 *   and the others are added to it: whatever was taken off before, since a price is one before discounts. A coupon that
 *   a manufacturer pays back is often in the amount already, and then it belongs to `discount` only. Without the first
 *   there is no total; of the others an empty one adds nothing. What rounding makes of the totals is in the report.
 * - `discount`: the columns add up, an empty one adds nothing.
 * - `weighed`: rows whose quantity is a weight or a volume, `0.456` or `8776`. Each becomes one unit at the line's total,
 *   with the sign of its quantity. A row that is not marked and is priced below half a minor unit is rejected.
 *
 * Who is linked to whom, such as the friends of a community: a row for each direction. What linked shoppers hold can
 * then add to a shopper's scores. Both have to be shoppers of the events; of equal pairs the largest weight stays.
 *
 * ```json
 * "links": { "file": "friends.csv.gz", "columns": { "shopper": "customer", "to": "friend", "weight": "times_met" } }
 * ```
 *
 * What is known of shoppers, a row for each: campaigns are addressed by it, and who answers offers is learnt from it. A
 * shopper of this file is one even before the first event.
 *
 * ```json
 * "shoppers": { "file": "customers.csv", "columns": { "shopper": "customer" },
 *               "attributes": { "tier": { "column": "tier", "type": "text" },
 *                               "clubs": { "column": "clubs", "type": "text", "separator": "|" },
 *                               "age": { "column": "age", "type": "number" } } }
 * ```
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { parseJson } from '../../core/contract/parse.ts'
import { mappingFaults } from './mapping-faults.ts'

const closed = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 256 })
const Path = Type.String({ minLength: 1, maxLength: 4096 })
/** One column, or several that add up. */
const Names = Type.Union([Name, Type.Array(Name, { minItems: 1, maxItems: 16 })])
const Kind = Type.Enum([...EVENT_KINDS])

/** Matches a row by the text of one column. Exactly one of the four tests; `matches` is an RE2 pattern. */
const Rule = Type.Object(
  {
    column: Name,
    equals: Type.Optional(Type.String()),
    oneOf: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    startsWith: Type.Optional(Type.String({ minLength: 1 })),
    matches: Type.Optional(Type.String({ minLength: 1 })),
  },
  closed,
)
export type Rule = Static<typeof Rule>

/** `integer` turns `17850.0`, as spreadsheets export a number, into `17850`. */
const Normalisation = Type.Array(Type.Enum(['trim', 'upper', 'lower', 'integer']))
export type Normalisation = Static<typeof Normalisation>

const Time = Type.Object(
  {
    /** `iso` (default), `epoch_ms`, `epoch_s`, or a strptime pattern such as `%d/%m/%Y %H:%M`. */
    format: Type.Optional(Type.String({ minLength: 1 })),
    /** IANA zone of times that carry no offset. Default `UTC`. */
    zone: Type.Optional(Name),
  },
  closed,
)

const plainFile = {
  file: Path,
  /** Default: by the file's name, with or without `.gz`. */
  format: Type.Optional(Type.Enum(['csv', 'ndjson', 'parquet'])),
  delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1, pattern: '^[\\t -!#-~]$' })),
}
const file = {
  ...plainFile,
  /** `decimal` (default): 12.5 is 12.50. `minor`: integer minor units. */
  money: Type.Optional(Type.Enum(['decimal', 'minor'])),
}

interface NamedFile {
  /** The file as the mapping names it; `file` is where it is. */
  name: string
}

const EventSource = Type.Object(
  {
    ...file,
    columns: Type.Object(
      {
        item: Name,
        time: Name,
        shopper: Type.Optional(Name),
        kind: Type.Optional(Name),
        quantity: Type.Optional(Name),
        /** Price of one unit before any discount. */
        price: Type.Optional(Name),
        /** In place of `price`: what the whole line costs before any discount. */
        total: Type.Optional(Names),
        /** What offers took off the line. */
        discount: Type.Optional(Names),
        campaign: Type.Optional(Name),
        order: Type.Optional(Name),
        /** The event's own id: a repeated one is dropped and counted. */
        id: Type.Optional(Name),
        title: Type.Optional(Name),
        category: Type.Optional(Name),
        brand: Type.Optional(Name),
      },
      closed,
    ),
    /** Kind of every row of the file. */
    kind: Type.Optional(Kind),
    /** Kind for each value of the kind column; `null` leaves the row out and counts it. */
    kinds: Type.Optional(Type.Record(Type.String(), Type.Union([Kind, Type.Null()]))),
    time: Type.Optional(Time),
    normalise: Type.Optional(
      Type.Object({ item: Type.Optional(Normalisation), shopper: Type.Optional(Normalisation) }, closed),
    ),
    /** Rows that any of these rules matches. */
    cancellations: Type.Optional(Type.Array(Rule)),
    notGoods: Type.Optional(Type.Array(Rule)),
    /** Rows whose shopper key is not one: a till's or a guest's number. An empty key needs no rule. */
    withoutShopper: Type.Optional(Type.Array(Rule)),
    /** Rows whose quantity is a weight or a volume. */
    weighed: Type.Optional(Type.Array(Rule)),
  },
  closed,
)
export type EventSource = Static<typeof EventSource> & NamedFile

/** What is known of an item beside category, brand and price, or of a shopper: one column each. */
const Attribute = Type.Object(
  {
    column: Name,
    type: Type.Union([Type.Literal('text'), Type.Literal('number')]),
    /** Parts a text into a list of values, such as tags. */
    separator: Type.Optional(Type.String({ minLength: 1, maxLength: 8 })),
  },
  closed,
)
export type Attribute = Static<typeof Attribute>

const ItemSource = Type.Object(
  {
    ...file,
    columns: Type.Object(
      {
        item: Name,
        title: Type.Optional(Name),
        category: Type.Optional(Name),
        brand: Type.Optional(Name),
        price: Type.Optional(Name),
        cost: Type.Optional(Name),
        stock: Type.Optional(Name),
        available: Type.Optional(Name),
      },
      closed,
    ),
    normalise: Type.Optional(Type.Object({ item: Type.Optional(Normalisation) }, closed)),
    attributes: Type.Optional(Type.Record(Type.String(), Attribute)),
  },
  closed,
)
export type ItemSource = Static<typeof ItemSource> & NamedFile

const LinkSource = Type.Object(
  {
    ...plainFile,
    columns: Type.Object(
      {
        shopper: Name,
        /** Whose items count for the shopper. */
        to: Name,
        /** A number above 0. Without the column: 1. */
        weight: Type.Optional(Name),
      },
      closed,
    ),
    normalise: Type.Optional(
      Type.Object({ shopper: Type.Optional(Normalisation), to: Type.Optional(Normalisation) }, closed),
    ),
  },
  closed,
)
export type LinkSource = Static<typeof LinkSource> & NamedFile

const ShopperSource = Type.Object(
  {
    ...plainFile,
    columns: Type.Object({ shopper: Name }, closed),
    normalise: Type.Optional(Type.Object({ shopper: Type.Optional(Normalisation) }, closed)),
    attributes: Type.Record(Type.String(), Attribute, { minProperties: 1 }),
  },
  closed,
)
export type ShopperSource = Static<typeof ShopperSource> & NamedFile

export type FileSource = EventSource | ItemSource | LinkSource | ShopperSource

export const MappingFile = Type.Object(
  {
    version: Type.Literal(1),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    events: Type.Array(EventSource, { minItems: 1, maxItems: 1000 }),
    /** Absent: the catalogue is what the events name. */
    items: Type.Optional(ItemSource),
    /** Links between shoppers. */
    links: Type.Optional(LinkSource),
    /** What is known of shoppers. */
    shoppers: Type.Optional(ShopperSource),
    /** Which of an item's event prices is its price, where no item file gives one. Default `newest`. */
    derivedPrice: Type.Optional(Type.Enum(['newest', 'median'])),
    /** An assumption: price of items that have none anywhere. Absent: they are left out. */
    assumedPriceMinor: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    /** An assumption: unit cost as a share of the price, for items whose cost is not known. */
    costShare: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  },
  closed,
)
type MappingFile = Static<typeof MappingFile>

/** A mapping that holds: defaults in place, paths absolute. */
export interface Mapping extends Omit<MappingFile, 'events' | 'items' | 'links' | 'shoppers'> {
  events: EventSource[]
  items?: ItemSource
  links?: LinkSource
  shoppers?: ShopperSource
  derivedPrice: 'newest' | 'median'
}

const validator = Compile(MappingFile)

/** Reads and checks a mapping. Throws `invalid_mapping` that names every fault. */
export async function readMapping(path: string): Promise<Mapping> {
  const value = parseJson(await readFile(path, 'utf8'), path)
  const faults = mappingFaults(validator, value)
  if (faults.length > 0) {
    const lines = faults.map((fault) => `\n  ${fault.message}`)
    throw new OfferwrightError('invalid_mapping', `invalid mapping ${path}:${lines.join('')}`, faults[0])
  }
  return settled(value as MappingFile, dirname(path))
}

function settled(mapping: MappingFile, folder: string): Mapping {
  const placed = <Source extends { file: string }>(source: Source) => ({
    ...source,
    name: source.file,
    file: resolve(folder, source.file),
  })
  return {
    ...mapping,
    derivedPrice: mapping.derivedPrice ?? 'newest',
    events: mapping.events.map(placed),
    items: mapping.items && placed(mapping.items),
    links: mapping.links && placed(mapping.links),
    shoppers: mapping.shoppers && placed(mapping.shoppers),
  }
}
