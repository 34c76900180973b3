/**
 * Money: integer minor units (pence, cents, yen) with an ISO 4217 currency, and integer basis points.
 * This file is the only place that rounds an amount. Half a minor unit rounds away from zero, as tills do.
 */
import { OfferwrightError } from './errors.ts'

/** Largest amount the tables hold, in minor units: one signed 32-bit word. */
export const MAX_AMOUNT_MINOR = 2_147_483_647

export const BPS = 10_000

/** Digits after the point of every ISO 4217 currency that this runtime knows. */
const MINOR_DIGITS = new Map(
  Intl.supportedValuesOf('currency').map((currency) => {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
    return [currency, format.maximumFractionDigits ?? 2]
  }),
)

/** Digits after the point of `currency`: 2 for GBP, 0 for JPY, 3 for KWD. Throws `invalid_value` on an unknown code. */
export function minorDigits(currency: string): number {
  const digits = MINOR_DIGITS.get(currency)
  if (digits === undefined)
    throw new OfferwrightError('invalid_value', `invalid currency: ${currency} (an ISO 4217 code such as GBP)`, {
      field: 'currency',
      value: currency,
    })
  return digits
}

/** Nearest integer, halves away from zero. The one rounding rule of the project. */
export function roundMinor(amount: number): number {
  const rounded = amount < 0 ? -Math.round(-amount) : Math.round(amount)
  return rounded === 0 ? 0 : rounded
}

/** `"12.5"` in GBP → 1250. More digits than the currency has are rounded. Throws `invalid_value` on anything else. */
export function parseMinor(text: string, currency: string): number {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text.trim())
  if (!match) throw new OfferwrightError('invalid_value', `invalid amount: ${text}`, { value: text })
  const digits = minorDigits(currency)
  const fraction = `${match[3] ?? ''}${'0'.repeat(digits + 1)}`
  const minor = Number(match[2] + fraction.slice(0, digits)) + (fraction.charCodeAt(digits) >= 53 ? 1 : 0)
  if (minor > MAX_AMOUNT_MINOR)
    throw new OfferwrightError('invalid_value', `amount too large: ${text} ${currency}`, { value: text })
  return match[1] && minor !== 0 ? -minor : minor
}

/** 1250 in GBP → `"12.50"`. */
export function formatMinor(minor: number, currency: string): string {
  const digits = minorDigits(currency)
  const text = String(Math.abs(minor)).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return `${minor < 0 ? '-' : ''}${whole}${digits ? `.${text.slice(-digits)}` : ''}`
}

/** Discount of `bps` basis points on a price, rounded once and never above the price. Both non-negative. */
export function percentDiscount(priceMinor: number, bps: number): number {
  return Math.min(priceMinor, roundMinor((priceMinor * bps) / BPS))
}

/** What `discountMinor` is of `priceMinor` in basis points, rounded down: a claim is never larger than the truth. */
export function honestBps(priceMinor: number, discountMinor: number): number {
  return priceMinor <= 0 ? 0 : Math.floor((discountMinor * BPS) / priceMinor)
}
