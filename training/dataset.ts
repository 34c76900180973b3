/** The folder that import writes, as training reads it: columns in memory, events oldest first. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { OfferwrightError } from '../core/contract/errors.ts'
import { SHOP_ID_PATTERN } from '../core/contract/ids.ts'
import { readEvents } from './duckdb.ts'

const Count = Type.Integer({ minimum: 0, maximum: 0xffff_fffe })

const DatasetFile = Type.Object({
  version: Type.Literal(1),
  shop: Type.String({ pattern: SHOP_ID_PATTERN }),
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  watermark: Type.Integer({ minimum: 0 }),
  items: Type.Integer({ minimum: 1, maximum: 0xffff_fffe }),
  shoppers: Count,
  events: Count,
})

export interface DatasetSummary extends Static<typeof DatasetFile> {
  folder: string
}

/** Columns of equal length in order of time. */
export interface EventTable {
  length: number
  /** `NO_INDEX` where nobody is known. */
  shopper: Uint32Array
  item: Uint32Array
  /** Position in EVENT_KINDS. */
  kind: Uint8Array
  timeMs: Float64Array
  quantity: Int32Array
  /** Unit price before any discount; -1 where the event told none. */
  priceMinor: Int32Array
  /** Taken off the whole line. */
  discountMinor: Int32Array
}

export interface Dataset extends DatasetSummary {
  table: EventTable
}

/** Throws `invalid_data` where `folder` is not an import's result. */
export async function readSummary(folder: string): Promise<DatasetSummary> {
  const file = join(folder, 'dataset.json')
  const value: unknown = JSON.parse(await readText(file))
  if (!Value.Check(DatasetFile, value))
    throw new OfferwrightError('invalid_data', `${file} is not what import writes`, {
      field: Value.Errors(DatasetFile, value)[0]?.instancePath.slice(1),
    })
  return { ...value, folder }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new OfferwrightError('invalid_data', `no imported data: ${file} is missing; run offerwright import first`, {
      field: 'data',
      value: file,
    })
  }
}

/** The events before `until`, all when null; the watermark is the newest of them. */
export async function readDataset(folder: string, until: number | null): Promise<Dataset> {
  const summary = await readSummary(folder)
  const read = await readEvents(folder, [
    'shopper_index',
    'item_index',
    'kind',
    'time_ms',
    'quantity',
    'price_minor',
    'discount_minor',
  ])
  const whole: EventTable = {
    length: read.time_ms.length,
    shopper: read.shopper_index,
    item: read.item_index,
    kind: read.kind,
    timeMs: read.time_ms,
    quantity: read.quantity,
    priceMinor: read.price_minor,
    discountMinor: read.discount_minor,
  }
  return until === null ? { ...summary, table: whole } : before({ ...summary, table: whole }, until)
}

/** The same shop as it was known at `until`. */
export function before(dataset: Dataset, until: number): Dataset {
  return withTable(dataset, headOf(dataset.table, until))
}

/** The same shop with only those events that are wanted. */
export function selected(dataset: Dataset, isWanted: (event: number) => boolean): Dataset {
  const { table } = dataset
  const events = Uint32Array.from({ length: table.length }, (_, e) => e).filter(isWanted)
  return withTable(dataset, {
    length: events.length,
    shopper: Uint32Array.from(events, (e) => table.shopper[e]),
    item: Uint32Array.from(events, (e) => table.item[e]),
    kind: Uint8Array.from(events, (e) => table.kind[e]),
    timeMs: Float64Array.from(events, (e) => table.timeMs[e]),
    quantity: Int32Array.from(events, (e) => table.quantity[e]),
    priceMinor: Int32Array.from(events, (e) => table.priceMinor[e]),
    discountMinor: Int32Array.from(events, (e) => table.discountMinor[e]),
  })
}

function withTable(dataset: Dataset, table: EventTable): Dataset {
  const watermark = table.length === 0 ? 0 : table.timeMs[table.length - 1]
  return { ...dataset, table, watermark, events: table.length }
}

function headOf(table: EventTable, until: number): EventTable {
  const length = firstAtOrAfter(table.timeMs, until)
  return {
    length,
    shopper: table.shopper.subarray(0, length),
    item: table.item.subarray(0, length),
    kind: table.kind.subarray(0, length),
    timeMs: table.timeMs.subarray(0, length),
    quantity: table.quantity.subarray(0, length),
    priceMinor: table.priceMinor.subarray(0, length),
    discountMinor: table.discountMinor.subarray(0, length),
  }
}

/** Position of the first time that is not before `instant`; times ascend. */
export function firstAtOrAfter(timesMs: Float64Array, instant: number): number {
  let low = 0
  let high = timesMs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timesMs[middle] < instant) low = middle + 1
    else high = middle
  }
  return low
}
