/** The shop's own event log as files of events, beside those that its mapping names. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import type { Database } from '../duckdb.ts'
import { compactLog, OF_NO_ITEM } from '../log/compact.ts'
import type { EventSource } from './mapping.ts'

const KINDS = Object.fromEntries(EVENT_KINDS.map((kind) => [kind, kind]))

/**
 * Compacts the logs and resolves with a source for each Parquet file of events. An event without an item, such as a basket's
 * offer that was shown, is left out and counted; one whose id a file of the merchant told before is a repeat.
 */
export async function logSources(db: Database, log: string, work: string): Promise<EventSource[]> {
  if (!existsSync(log))
    throw new OfferwrightError(
      'invalid_data',
      `no log to import from: ${log} is missing; no server has served this shop`,
      {
        field: 'log',
        value: log,
      },
    )
  await compactLog(db, log, 'decisions', work)
  const files = await compactLog(db, log, 'events', work)
  return files.map((file) => ({
    file,
    name: `log/${basename(file)}`,
    format: 'parquet',
    money: 'minor',
    columns: {
      item: 'item',
      time: 'time_ms',
      shopper: 'shopper',
      kind: 'item_kind',
      quantity: 'quantity',
      price: 'price_minor',
      discount: 'discount_minor',
      campaign: 'campaign',
      order: 'order_key',
      id: 'id',
    },
    kinds: { ...KINDS, [OF_NO_ITEM]: null },
    time: { format: 'epoch_ms' },
  }))
}
