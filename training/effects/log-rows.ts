/** Rows of the shop's logs, as far as the response to offers is learned from them; a row that cannot be read is counted. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { EVENT_KINDS, EVENT_ROW_VERSION } from '../../core/contract/events.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { lineWithoutErased } from '../../core/store/erasure/rows.ts'
import type { CompactedLog } from '../../core/store/log/parts.ts'
import { readShopLog } from '../log/rows.ts'

/** The part of an `EventRow` that is read here. */
const LoggedEvent = Type.Object({
  v: Type.Literal(EVENT_ROW_VERSION),
  shop: Type.String(),
  kind: Type.Enum(EVENT_KINDS),
  time: Type.Integer({ minimum: 0 }),
  shopper: Type.Optional(Type.String()),
  session: Type.Optional(Type.String()),
  item: Type.Optional(Type.String()),
  quantity: Type.Optional(Type.Integer({ minimum: 1 })),
  priceMinor: Type.Optional(Type.Integer({ minimum: 0 })),
  order: Type.Optional(Type.String()),
})
export type LoggedEvent = Static<typeof LoggedEvent>
const loggedEvent = Compile(LoggedEvent)

export interface LogRange {
  /** Folder of the logs `decisions` and `events`. */
  logs: string
  shop: string
  /** Rows from this instant on are not read; null: all are. */
  until: number | null
}

/** Throws `OfferwrightError` with the field. */
export function parseEvent(line: string): LoggedEvent {
  return parseAs<LoggedEvent>(loggedEvent, parseJson(line))
}

/**
 * Rows of one log, oldest first. `damaged` counts those that `parse` refuses, or that are another shop's, by log, code and field.
 */
export async function eachRow<Row extends { shop: string; time: number }>(
  { logs, shop, until }: LogRange,
  name: CompactedLog,
  damaged: Record<string, number>,
  parse: (line: string) => Row,
  take: (row: Row) => void,
): Promise<void> {
  const erasures = Erasures.read(logs)
  await readShopLog(logs, name, (logged) => {
    const text = lineWithoutErased(logged, erasures)
    if (text === null) return
    try {
      const row = parse(text)
      if (row.shop !== shop) throw new OfferwrightError('unknown_shop', `unknown shop: ${row.shop}`, { field: 'shop' })
      if (until === null || row.time < until) take(row)
    } catch (error) {
      if (!(error instanceof OfferwrightError)) throw error
      const what = `${name}.${error.code}${error.field === undefined ? '' : `.${error.field.replace(/\[\d+\]/g, '')}`}`
      damaged[what] = (damaged[what] ?? 0) + 1
    }
  })
}
