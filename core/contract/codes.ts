/**
 * Codes that are good once: how they are written, and what is known of one that was typed in.
 *
 *   code = prefix · secret · check        Σ w(i) · v(cᵢ) ≡ 0 (mod 37), w counted from the right, beginning with 1
 *
 * v is the place of a character in 0…9A…Z. 37 is prime and codes are shorter than 37 characters, so one wrong character,
 * or two that changed places, anywhere in the code, is never another code (as with ISBN-10). The secret and the check use 31
 * characters that are not taken for one another; where no such character closes the sum, the secret is drawn again.
 */
import { OfferwrightError } from './errors.ts'

/** Without 0, O, 1, I and L. */
export const CODE_ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const VALUES = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const MODULUS = 37

/** Characters after the prefix, the check among them. */
export const CODE_LENGTH = { least: 8, most: 24, default: 12 } as const
export const MOST_PREFIX = MODULUS - 1 - CODE_LENGTH.most
const PREFIX = new RegExp(`^[A-Z0-9]{0,${MOST_PREFIX}}$`)

/** A guess is to hit a code once in so many times, two to this power. */
const GUESS_BITS = 30

/** As codes are kept and compared: how a shopper sets capitals, blanks and hyphens does not matter. */
export function plainCode(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase()
}

/** As a code is shown: the prefix apart. */
export function shownCode(plain: string, prefix: string): string {
  return prefix === '' ? plain : `${prefix}-${plain.slice(prefix.length)}`
}

/** Whether a plain code could have been drawn here. */
export function isWellFormed(plain: string): boolean {
  return plain.length >= CODE_LENGTH.least && plain.length < MODULUS && weightedSum(plain, 1) === 0
}

/** Σ weight · value (mod 37), weights counted from the right; NaN where a character has no value. */
function weightedSum(text: string, weightOfLast: number): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.indexOf(text[i])
    if (value < 0) return Number.NaN
    sum += value * (text.length - 1 - i + weightOfLast)
  }
  return sum % MODULUS
}

/** The character that closes the sum of `head`; null where none of the alphabet does. */
function checkCharacter(head: string): string | null {
  const character = VALUES[(MODULUS - weightedSum(head, 2)) % MODULUS]
  return character !== undefined && CODE_ALPHABET.includes(character) ? character : null
}

/** A new plain code. `draw(n)`: a whole number below n that nobody can foretell; `length` without the prefix. */
export function drawCode(prefix: string, length: number, draw: (below: number) => number): string {
  for (;;) {
    let head = prefix
    for (let i = 1; i < length; i++) head += CODE_ALPHABET[draw(CODE_ALPHABET.length)]
    const check = checkCharacter(head)
    if (check !== null) return head + check
  }
}

/** Codes of this length that there can be for each prefix: one of 37 sums is the right one. */
function codesOf(length: number): number {
  return CODE_ALPHABET.length ** length / MODULUS
}

/** The shortest length at which `count` codes cannot be guessed. */
export function leastLength(count: number): number {
  let length: number = CODE_LENGTH.least
  while (codesOf(length) < count * 2 ** GUESS_BITS) length++
  return length
}

/** Throws `invalid_value` for a prefix that codes cannot have. */
export function parsePrefix(text: string): string {
  const prefix = plainCode(text)
  if (PREFIX.test(prefix)) return prefix
  throw new OfferwrightError('invalid_value', `invalid prefix: ${text} (at most ${MOST_PREFIX} letters and digits)`, {
    field: 'prefix',
    value: text,
  })
}

/** Why a code itself is good for nothing. */
export type CodeRefusal = 'code_used' | 'code_reserved' | 'code_expired'

/** A code as it is kept. */
export interface StoredCode {
  /** As it is shown. */
  code: string
  campaign: string
  /** Key of the one shopper who may use it; null: whoever has it. */
  shopper: string | null
  /** Milliseconds since 1970; null: as long as its campaign. */
  expiresAt: number | null
  isUsed: boolean
}

/** `shopper`: who wants to use it; `time` in milliseconds since 1970. */
export function codeRefusal(stored: StoredCode, shopper: string | undefined, time: number): CodeRefusal | null {
  if (stored.isUsed) return 'code_used'
  if (stored.shopper !== null && stored.shopper !== shopper) return 'code_reserved'
  return stored.expiresAt !== null && time >= stored.expiresAt ? 'code_expired' : null
}

/** A code that somebody typed in and that is one of the shop's. */
export interface KnownCode {
  typed: string
  campaign: string
  refusal: CodeRefusal | null
  /** Redemptions that the shopper has had of the campaign by codes. */
  usesOfShopper: number
}

/** A shopper's own code of a campaign, by its id. */
export type CodeOf = (campaign: string) => string
