/**
 * SQL of what a line costs: amounts of one column or of several that add up, and the units they are for. Each amount is
 * rounded to minor units where it is read, so a sum is exact; sql/unit-price.sql rounds the unit price.
 */
import { minorDigits } from '../../core/contract/money.ts'
import { decimalMinor, decimalNumber, wholeNumber } from './expressions.ts'
import type { EventSource, ItemSource, Mapping } from './mapping.ts'

type ReadAmount = (text: string) => string

/** Text as it is shown when it is rejected, and its minor units. */
interface AmountParts {
  text: string
  minor: string
}

export function amountOf(mapping: Mapping, source: EventSource | ItemSource): ReadAmount {
  const digits = minorDigits(mapping.currency)
  const parse = source.money === 'minor' ? wholeNumber : (text: string) => decimalMinor(text, digits)
  return (text) => (text === 'NULL' ? 'NULL' : parse(text))
}

/** The sum of the amounts that are there: NULL where there is none, or where one does not parse. */
export function sumParts(texts: string[], amount: ReadAmount): AmountParts {
  if (texts.length === 0) return { text: 'NULL', minor: 'NULL' }
  const unreadable = texts.map((text) => `(${text} IS NOT NULL AND ${amount(text)} IS NULL)`).join(' OR ')
  const sum = texts.map((text) => `coalesce(${amount(text)}, 0)`).join(' + ')
  return {
    text: `nullif(concat_ws(' + ', ${texts.join(', ')}), '')`,
    minor: `CASE WHEN coalesce(${texts.join(', ')}) IS NULL OR ${unreadable} THEN NULL ELSE ${sum} END`,
  }
}

/** Without the first of its columns there is no total: the others are only what to add to it. */
export function totalParts(texts: string[], amount: ReadAmount): AmountParts {
  if (texts.length === 0) return { text: 'NULL', minor: 'NULL' }
  const sum = sumParts(texts, amount)
  const unlessMissing = (value: string) => `CASE WHEN ${texts[0]} IS NOT NULL THEN ${value} END`
  return { text: unlessMissing(sum.text), minor: unlessMissing(sum.minor) }
}

/** A whole number of units; of what is weighed it is one, with the sign of its weight. */
export function unitsOf(text: string, weighed: string): string {
  return `CASE WHEN ${weighed} THEN CAST(sign(${decimalNumber(text)}) AS BIGINT) ELSE ${wholeNumber(text)} END`
}
