/**
 * SQL expressions for what a mapping says about a column. They read text and give NULL where it does not parse.
 * Every name and text of the mapping passes `quoteText`.
 */
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { quoteText } from '../duckdb.ts'
import type { EventSource, Normalisation, Rule } from './mapping.ts'

/** What JavaScript's `trim` takes off, so that an amount parses as `parseMinor` parses it. */
const SPACE =
  '[\\t\\n\\x0B\\f\\r \\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}]'

/** The text without surrounding white space. */
export function trimmed(text: string): string {
  return `regexp_replace(${text}, '^${SPACE}+|${SPACE}+$', '', 'g')`
}

/** The text, or NULL where only white space is in it. */
export function present(text: string): string {
  return `CASE WHEN ${trimmed(text)} = '' THEN NULL ELSE ${text} END`
}

/** More than any table holds in any currency, and small enough to be multiplied: every larger amount reads as this. */
const CLAMP = 10_000_000_000

/**
 * Minor units of a decimal text, BIGINT: `parseMinor` of core/contract/money.ts for a whole column.
 * The cast to DECIMAL rounds halves away from zero, as money.ts does.
 */
export function decimalMinor(text: string, digits: number): string {
  const amount = trimmed(text)
  const type = `DECIMAL(18, ${digits})`
  const clamped = `least(greatest(try_cast(${amount} AS ${type}), CAST(-${CLAMP} AS ${type})), CAST(${CLAMP} AS ${type}))`
  return `CASE WHEN regexp_full_match(${amount}, '-?\\d{1,15}(\\.\\d*)?') THEN CAST(${clamped} * ${10 ** digits} AS BIGINT) END`
}

/** A whole number, BIGINT; spreadsheets write `6.0`. */
export function wholeNumber(text: string): string {
  const number = trimmed(text)
  return `CASE WHEN regexp_full_match(${number}, '-?\\d{1,15}(\\.0*)?') THEN CAST(split_part(${number}, '.', 1) AS BIGINT) END`
}

/** A number in decimals, DOUBLE. */
export function decimalNumber(text: string): string {
  const number = trimmed(text)
  return `CASE WHEN regexp_full_match(${number}, '-?\\d{1,15}(\\.\\d*)?') THEN CAST(${number} AS DOUBLE) END`
}

export function truth(text: string): string {
  return `CASE WHEN lower(${trimmed(text)}) IN ('true', 't', 'yes', 'y', '1') THEN TRUE WHEN lower(${trimmed(text)}) IN ('false', 'f', 'no', 'n', '0') THEN FALSE END`
}

/** Milliseconds since 1970, BIGINT. A time without an offset is one of the zone's clocks. */
export function timeMs(text: string, time: EventSource['time']): string {
  const format = time?.format ?? 'iso'
  const zone = quoteText(time?.zone ?? 'UTC')
  if (format === 'epoch_ms') return wholeNumber(text)
  if (format === 'epoch_s') return `1000 * ${wholeNumber(text)}`
  if (format !== 'iso') return `epoch_ms(try_strptime(${trimmed(text)}, ${quoteText(format)}) AT TIME ZONE ${zone})`
  const instant = `epoch_ms(try_cast(${text} AS TIMESTAMPTZ))`
  const clock = `epoch_ms(try_cast(${text} AS TIMESTAMP) AT TIME ZONE ${zone})`
  return `CASE WHEN regexp_matches(${trimmed(text)}, ':\\d\\d(\\.\\d+)?\\s*(Z|[+-]\\d\\d(:?\\d\\d)?)$') THEN ${instant} ELSE ${clock} END`
}

/** A key in its normal form, or NULL. */
export function normalised(text: string, steps: Normalisation = []): string {
  const step = {
    trim: trimmed,
    upper: (inner: string) => `upper(${inner})`,
    lower: (inner: string) => `lower(${inner})`,
    integer: (inner: string) => `regexp_replace(${inner}, '^(\\d+)\\.0+$', '\\1')`,
  }
  return steps.reduce((inner, name) => step[name](inner), present(text))
}

/** True where any of the rules matches. `column` gives the text of a column by its name. */
export function anyRule(rules: Rule[] | undefined, column: (name: string) => string): string {
  if (!rules || rules.length === 0) return 'FALSE'
  return rules.map((rule) => `(${ruleTest(rule, `coalesce(${column(rule.column)}, '')`)})`).join(' OR ')
}

function ruleTest(rule: Rule, text: string): string {
  if (rule.equals !== undefined) return `${text} = ${quoteText(rule.equals)}`
  if (rule.startsWith !== undefined) return `starts_with(${text}, ${quoteText(rule.startsWith)})`
  if (rule.matches !== undefined) return `regexp_matches(${text}, ${quoteText(rule.matches)})`
  return `${text} IN (${(rule.oneOf ?? []).map(quoteText).join(', ')})`
}

/** Text of the kind, its code (NULL when unknown), and whether the mapping leaves it out. */
export function kindParts(source: EventSource, column: (name: string) => string) {
  if (source.kind !== undefined) return { text: quoteText(source.kind), code: kindCode(source.kind), ignored: 'FALSE' }
  const text = present(column(source.columns.kind ?? ''))
  const kinds = source.kinds ?? Object.fromEntries(EVENT_KINDS.map((kind) => [kind, kind]))
  const names = Object.keys(kinds)
  const left = names.filter((name) => kinds[name] === null)
  const cases = names.flatMap((name) => {
    const kind = kinds[name]
    return kind === null ? [] : [`WHEN ${quoteText(name)} THEN ${kindCode(kind)}`]
  })
  return {
    text,
    code: cases.length > 0 ? `CASE ${text} ${cases.join(' ')} END` : 'NULL',
    ignored: left.length > 0 ? `coalesce(${text} IN (${left.map(quoteText).join(', ')}), FALSE)` : 'FALSE',
  }
}

function kindCode(kind: (typeof EVENT_KINDS)[number]): string {
  return String(EVENT_KINDS.indexOf(kind))
}
