/** Time formats and rule patterns of a mapping, tried on DuckDB before any row is read. */
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import { type Database, quoteText } from '../duckdb.ts'
import type { Mapping } from './mapping.ts'
import { rulesOf } from './rules.ts'

const NAMED_FORMATS = ['iso', 'epoch_ms', 'epoch_s']

/** Throws `invalid_mapping` that names every pattern that DuckDB does not take. */
export async function checkPatterns(db: Database, mapping: Mapping): Promise<void> {
  const faults: Fault[] = []
  for (const { field, value, sql } of patterns(mapping)) {
    const message = await db.run(sql).then(
      () => null,
      (error: Error) => error.message.split('\n', 1)[0],
    )
    if (message !== null) faults.push({ code: 'invalid_mapping', field, value, message: `${field}: ${message}` })
  }
  if (faults.length === 0) return
  throw new OfferwrightError(
    'invalid_mapping',
    `invalid mapping:${faults.map((fault) => `\n  ${fault.message}`).join('')}`,
    faults[0],
  )
}

function patterns(mapping: Mapping) {
  return mapping.events.flatMap((source, i) => {
    const format = source.time?.format
    const zone = source.time?.zone
    const rules = rulesOf(source).map(({ field, rule }) => ({
      field: `events[${i}].${field}.matches`,
      value: rule.matches,
    }))
    return [
      {
        field: `events[${i}].time.format`,
        value: format && !NAMED_FORMATS.includes(format) ? format : undefined,
        sql: (text: string) => `SELECT try_strptime('', ${text})`,
      },
      {
        field: `events[${i}].time.zone`,
        value: zone,
        sql: (text: string) => `SELECT TIMESTAMP '2000-01-01 00:00:00' AT TIME ZONE ${text}`,
      },
      ...rules.map((rule) => ({ ...rule, sql: (text: string) => `SELECT regexp_matches('', ${text})` })),
    ].flatMap(({ field, value, sql }) => (value === undefined ? [] : [{ field, value, sql: sql(quoteText(value)) }]))
  })
}
