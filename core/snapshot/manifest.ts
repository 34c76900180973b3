/**
 * The manifest: what a snapshot is made of and everything scoring needs that is not a table. It lists each file
 * with its SHA-256, and its own SHA-256 is the snapshot's id, so the id covers every byte.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../contract/errors.ts'
import { EVENT_KINDS, type EventKind } from '../contract/events.ts'
import { SHOP_ID_PATTERN } from '../contract/ids.ts'
import { schemaFaults } from '../contract/parse.ts'
import { READABLE_FORMATS } from './layout.ts'
import { DTYPES } from './tensors.ts'

export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024
/** Most neighbours of a neighbourhood, and most weights of a place or a distance. */
export const MAX_NEIGHBOURS = 1000
/** Widest vectors. */
export const MAX_DIM = 4096
/** Hour 0 is Monday 00:00 to 01:00 UTC. */
export const HOURS_OF_WEEK = 168
/** By how much shares that sum to 1 may miss it. */
const SHARES_ROUNDING = 1e-6

const closed = { additionalProperties: false }
const Count = Type.Integer({ minimum: 0, maximum: 0xffff_fffe })
const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

const TensorEntry = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }),
    dtype: Type.Enum(DTYPES),
    shape: Type.Array(Whole, { maxItems: 8 }),
  },
  closed,
)

/** `file` is a plain name: nothing in a manifest can point out of the snapshot's folder. */
const Section = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }),
    file: Type.String({ pattern: '^[a-z][a-z0-9_-]{0,63}[.](safetensors|hnsw)$' }),
    format: Type.Union([Type.Literal('safetensors'), Type.Literal('hnsw')]),
    bytes: Whole,
    sha256: Sha256,
    tensors: Type.Array(TensorEntry, { maxItems: 1000 }),
  },
  closed,
)
export type Section = Static<typeof Section>

const Segment = Type.Object(
  {
    items: Type.Integer({ minimum: 1, maximum: 0xffff_fffe }),
    shoppers: Count,
    sections: Type.Array(Section, { maxItems: 100 }),
  },
  closed,
)
export type Segment = Static<typeof Segment>

/** p0 = 1 / (1 + exp(-(intercept + slope * ln(max(score, 1e-4))))) */
const Logistic = Type.Object({ intercept: Type.Number(), slope: Type.Number() }, closed)
export type Logistic = Static<typeof Logistic>

const EventWeights = Type.Object(
  Object.fromEntries(EVENT_KINDS.map((kind) => [kind, Type.Number()])) as Record<EventKind, Type.TNumber>,
  closed,
)

/**
 * How much each source of candidates adds to an item's score. A source that a snapshot has no section for weighs 0.
 * `rows`: item-item rows; `content`: rows by what items are like; `sessions`, `peers`: neighbouring visits and shoppers; `links`: linked shoppers; `vectors`:
 * inner product with the shopper's vector; `popular`, `trends`: popular and trending items; `rhythm`: items due to be
 * bought again.
 */
const SourceWeights = Type.Object(
  {
    rows: Type.Number({ minimum: 0 }),
    content: Type.Number({ minimum: 0 }),
    sessions: Type.Number({ minimum: 0 }),
    peers: Type.Number({ minimum: 0 }),
    links: Type.Number({ minimum: 0 }),
    vectors: Type.Number({ minimum: 0 }),
    popular: Type.Number({ minimum: 0 }),
    trends: Type.Number({ minimum: 0 }),
    rhythm: Type.Number({ minimum: 0 }),
  },
  closed,
)
export type SourceWeights = Static<typeof SourceWeights>

const Weights = Type.Array(Type.Number({ minimum: 0 }), { minItems: 1, maxItems: MAX_NEIGHBOURS })

/**
 * A neighbourhood: rows similar to the newest items of a history, and what they hold. `core/scoring/neighbours.ts` has the
 * formulas; entry 0 of each list belongs to the newest item, and the last entry to all further ones.
 */
const Neighbourhood = Type.Object(
  {
    /** Newest distinct items of the history that rows are compared by. */
    items: Type.Integer({ minimum: 1, maximum: 1000 }),
    /** Most recent rows that are looked at. */
    recent: Type.Integer({ minimum: 1, maximum: 0xffff_fffe }),
    /** Most similar of them that are kept. */
    neighbours: Type.Integer({ minimum: 1, maximum: MAX_NEIGHBOURS }),
    /**
     * Weight of a history item in the similarity by its place; `linear`: falls evenly to the oldest; `events`: the weight
     * of its event whatever its place.
     */
    place: Type.Union([Type.Literal('linear'), Type.Literal('events'), Weights]),
    /** Weight of a row by the place of the newest history item that it holds. */
    match: Weights,
    /** Weight of a row's item by its distance, in the row, from that one. */
    distance: Weights,
    /** Factor of the row's items that came before that one. */
    earlier: Type.Number({ minimum: 0 }),
    /** Whether the similarity is divided by the length of the history's weights: cosine. */
    cosine: Type.Boolean(),
  },
  closed,
)
export type Neighbourhood = Static<typeof Neighbourhood>

/**
 * Where the prices of each campaign's resources start, by campaign id; `core/scoring/pacing.ts` and `return-pacing.ts` have the laws.
 * `dualPrice`: of one minor unit of the budget; `stockDualPrice`: of one offer that is used; `returnDualPrice`: of one minor unit that
 * the return falls short of its floor; absent: 0. `hourShares`: shares of traffic by hour of the week from Monday 00:00 UTC, which
 * sum to 1; absent: even.
 */
const Allocation = Type.Record(
  Type.String(),
  Type.Object(
    {
      dualPrice: Type.Number({ minimum: 0 }),
      stockDualPrice: Type.Optional(Type.Number({ minimum: 0 })),
      returnDualPrice: Type.Optional(Type.Number({ minimum: 0 })),
      hourShares: Type.Optional(
        Type.Array(Type.Number({ minimum: 0 }), { minItems: HOURS_OF_WEEK, maxItems: HOURS_OF_WEEK }),
      ),
    },
    closed,
  ),
)
export type Allocation = Static<typeof Allocation>

export const ModelParameters = Type.Object(
  {
    /** Weight of an event of the history, by kind. */
    eventWeights: EventWeights,
    /** Most recent distinct items that are scored. */
    historyLength: Type.Integer({ minimum: 1, maximum: 1000 }),
    /** Neighbours kept for each item. */
    neighbours: Type.Integer({ minimum: 1, maximum: 10_000 }),
    calibration: Type.Object({ history: Logistic, popular: Logistic }, closed),
    /**
     * `weight`: what a neighbour of the shopper's taste adds to the score where the other sources reach too few items.
     * `fold`: how a history becomes a vector; `mean`: weighted mean of unit length, `als`: regularised least squares with
     * confidence 1 + `alpha`. Absent: `mean`.
     */
    vectors: Type.Object(
      {
        dim: Type.Integer({ minimum: 1, maximum: MAX_DIM }),
        efSearch: Type.Integer({ minimum: 1, maximum: 100_000 }),
        weight: Type.Number(),
        fold: Type.Optional(Type.Union([Type.Literal('mean'), Type.Literal('als')])),
        alpha: Type.Optional(Type.Number({ minimum: 0 })),
      },
      closed,
    ),
    /** Absent: rows alone, with weight 1. `known`: shoppers of the snapshot; `session`: everybody else with a history. */
    blend: Type.Optional(Type.Object({ known: SourceWeights, session: SourceWeights }, closed)),
    sessions: Type.Optional(Neighbourhood),
    peers: Type.Optional(Neighbourhood),
    basket: Type.Object(
      {
        meanOrderMinor: Type.Number({ minimum: 0 }),
        marginRate: Type.Union([Type.Number(), Type.Null()]),
        elasticity: Type.Number(),
        elasticitySe: Type.Number({ minimum: 0 }),
      },
      closed,
    ),
    /** Absent: pacing starts from a price of 0 and even traffic. */
    allocation: Type.Optional(Allocation),
  },
  closed,
)
export type ModelParameters = Static<typeof ModelParameters>

const Manifest = Type.Object(
  {
    /** One of `READABLE_FORMATS`. */
    format: Type.Integer(),
    shop: Type.String({ pattern: SHOP_ID_PATTERN }),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    parent: Type.Union([Sha256, Type.Null()]),
    /** The parent's epoch + 1. */
    epoch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    /** Time of the newest event that was learned from, milliseconds since 1970. */
    watermark: Whole,
    seed: Whole,
    segments: Type.Array(Segment, { minItems: 1, maxItems: 1 }),
    model: ModelParameters,
    metrics: Type.Record(Type.String(), Type.Number()),
    quality: Type.Unknown(),
  },
  closed,
)
export type Manifest = Static<typeof Manifest>

const manifestCheck = Compile(Manifest)

/** Throws `snapshot_corrupt` or, for a format or segments this version does not read, `snapshot_unsupported`. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const value = parseJson(bytes)
  refuseUnsupported(value)
  if (manifestCheck.Check(value)) {
    refuseShares(value.model.allocation ?? {})
    return value
  }
  const [fault] = schemaFaults(manifestCheck.Errors(value), value)
  throw corrupt(fault.message, fault.field)
}

/** Canonical bytes: keys in the order of the schema, so that the same manifest always has the same id. */
export function renderManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(inSchemaOrder(Manifest, manifest), null, 2)}\n`)
}

function inSchemaOrder(schema: object, value: unknown): unknown {
  if (Type.IsArray(schema) && Array.isArray(value)) return value.map((element) => inSchemaOrder(schema.items, element))
  if (!Type.IsObject(schema) || typeof value !== 'object' || value === null) return value
  const fields = new Map(Object.entries(value))
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, property]) => [name, inSchemaOrder(property, fields.get(name))]),
  )
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_MANIFEST_BYTES) throw corrupt(`${bytes.length} bytes, at most ${MAX_MANIFEST_BYTES}`)
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch (error) {
    throw corrupt(`not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** Looked at before the schema: a later format may have other fields altogether. */
function refuseUnsupported(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if ('format' in value && typeof value.format === 'number' && !READABLE_FORMATS.includes(value.format))
    throw unsupported(
      `format ${value.format}, this version reads ${READABLE_FORMATS.join(', ')}`,
      'format',
      value.format,
    )
  if ('segments' in value && Array.isArray(value.segments) && value.segments.length > 1)
    throw unsupported(`${value.segments.length} segments, this version reads 1`, 'segments', value.segments.length)
}

function refuseShares(allocation: Allocation): void {
  for (const [campaign, { hourShares }] of Object.entries(allocation)) {
    const sum = hourShares?.reduce((total, share) => total + share, 0) ?? 1
    if (Math.abs(sum - 1) > SHARES_ROUNDING)
      throw corrupt(`shares of traffic sum to ${sum}`, `model.allocation.${campaign}.hourShares`)
  }
}

function unsupported(message: string, field: string, value: number): OfferwrightError {
  return new OfferwrightError('snapshot_unsupported', `snapshot manifest: ${message}`, { field, value })
}

function corrupt(message: string, path = ''): OfferwrightError {
  return new OfferwrightError('snapshot_corrupt', `snapshot manifest: ${message}`, {
    field: path ? `manifest.${path}` : 'manifest',
  })
}
