/** Filters of a request: which items an answer may hold. Beside four plain fields, an expression over attributes. */
import Type, { type Static } from 'typebox'
import { Key } from './events.ts'

/** Attributes that every item has, whatever the merchant maps. `price` is the live one, in minor units. */
export const BUILT_IN_ATTRIBUTES = ['category', 'brand', 'price'] as const
/** `|` parts names from reasons in import's tables. */
export const ATTRIBUTE_NAME = '^[^\\u0000-\\u001f|]{1,64}$'
/** A name of what is known of shoppers: `=` parts it from its value. */
export const TRAIT_NAME = '^[^\\u0000-\\u001f|=]{1,64}$'
/** Most attributes that a mapping may name, of items and of shoppers each. */
export const MAX_ATTRIBUTES = 64

/** Limits at the door; a filter is evaluated over the whole catalogue, node by node. */
export const FILTER_LIMITS = { values: 100, depth: 8, nodes: 64, valuesInAll: 500 } as const

const closed = { additionalProperties: false }
const AttributeName = Type.String({ minLength: 1, maxLength: 64 })
const Bound = Type.Number({ minimum: -3e38, maximum: 3e38 })

const In = Type.Object(
  { attribute: AttributeName, in: Type.Array(Key, { minItems: 1, maxItems: FILTER_LIMITS.values }) },
  closed,
)
const Range = Type.Object({ attribute: AttributeName, min: Type.Optional(Bound), max: Type.Optional(Bound) }, closed)
/** The form of one node; what its parts are is checked part by part, so that a fault names its place. */
export const CONDITION_FORMS = {
  and: Type.Object({ and: Type.Array(Type.Unknown(), { minItems: 1, maxItems: FILTER_LIMITS.nodes }) }, closed),
  or: Type.Object({ or: Type.Array(Type.Unknown(), { minItems: 1, maxItems: FILTER_LIMITS.nodes }) }, closed),
  not: Type.Object({ not: Type.Unknown() }, closed),
  in: In,
  range: Range,
}

/** An item meets `in` when it has any of the values, and a range when it has the number and it lies inside. */
export type Condition =
  | { and: Condition[] }
  | { or: Condition[] }
  | { not: Condition }
  | Static<typeof In>
  | Static<typeof Range>

export const Filters = Type.Object(
  {
    category: Type.Optional(Type.Array(Key, { minItems: 1, maxItems: FILTER_LIMITS.values })),
    brand: Type.Optional(Type.Array(Key, { minItems: 1, maxItems: FILTER_LIMITS.values })),
    minPriceMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    maxPriceMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    where: Type.Optional(Type.Unsafe<Condition>({ type: 'object' })),
  },
  closed,
)
export type Filters = Static<typeof Filters>
