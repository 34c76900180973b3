/**
 * The shortest decimal that reads back as the same f64, as ECMAScript writes it (Number::toString, radix 10).
 * R. Giulietti, The Schubfach way to render doubles (2020), for values that need no exponent: there the power of ten
 * is 5^e with e <= 22, which fits one word, so the paper's table of 128-bit powers is not needed.
 */
import { expectArray, expectNumber } from './contract'

export const SMALLEST: f64 = 1e-6
/** 2^53: below it every integer is exact. */
export const LARGEST: f64 = 9007199254740992
const HIDDEN_BIT: u64 = 1 << 52
const ZERO: u32 = 0x30
const POINT: u32 = 0x2e
/** Most bytes that are written: "0.", five zeros and 17 digits. */
export const DECIMAL_BYTES: u32 = 24

/** Writes 10^-6 <= value < 2^53 as ASCII to out u8[24] and returns how many bytes. */
export function shortestDecimal(value: f64, out: usize): u32 {
  expectNumber(value >= SMALLEST && value < LARGEST, value)
  expectArray(out, DECIMAL_BYTES, 1)
  const bits = reinterpret<u64>(value)
  const fraction = bits & (HIDDEN_BIT - 1)
  const c = fraction | HIDDEN_BIT
  const q = <i32>(bits >> 52) - 1075
  if (q > -53 && <i32>ctz<u64>(c) >= -q) return writeDigits(c >> u64(-q), 0, out)
  return writeShortest(c, q, fraction == 0, out)
}

/** value = c · 2^q; `closerBelow`: a power of two, whose lower neighbour is half as far as the upper one. */
function writeShortest(c: u64, q: i32, closerBelow: bool, out: usize): u32 {
  const odd = c & 1
  const k = (q * 1262611 - (closerBelow ? 524031 : 0)) >> 22
  const h = q + ((-k * 1741647) >> 19) + 1
  const power = normalisedPowerOfFive(-k)
  const lower = roundToOdd(power, ((c << 2) - 2 + u64(closerBelow)) << (<u64>h)) + odd
  const middle = roundToOdd(power, (c << 2) << (<u64>h))
  const upper = roundToOdd(power, ((c << 2) + 2) << (<u64>h)) - odd
  const s = middle >> 2
  const tens = s / 10
  const isTensInside = lower <= 40 * tens
  if (isTensInside != 40 * tens + 40 <= upper) return writeDigits(tens + u64(!isTensInside), k + 1, out)
  const isInside = lower <= s << 2
  if (isInside != (s << 2) + 4 <= upper) return writeDigits(s + u64(!isInside), k, out)
  const tie = (s << 2) + 2
  return writeDigits(s + u64(middle > tie || (middle == tie && (s & 1) != 0)), k, out)
}

function normalisedPowerOfFive(exponent: i32): u64 {
  let power: u64 = 1
  for (let i = 0; i < exponent; i++) power *= 5
  return power << clz<u64>(power)
}

/** Upper word of a · b; its last bit is set where the lower word is more than 1. */
function roundToOdd(a: u64, b: u64): u64 {
  const low = (a & 0xffffffff) * (b & 0xffffffff)
  const left = (a >> 32) * (b & 0xffffffff) + (low >> 32)
  const right = (a & 0xffffffff) * (b >> 32) + (left & 0xffffffff)
  const high = (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32)
  return high | u64((right << 32) + (low & 0xffffffff) > 1)
}

/** Writes digits · 10^exponent, exponent <= 0, without zeros at the end of a fraction. */
function writeDigits(digits: u64, exponent: i32, out: usize): u32 {
  let rest = digits
  let places = -exponent
  for (; places > 0; places--) {
    const tenth = rest / 10
    if (tenth * 10 != rest) break
    rest = tenth
  }
  const count = countDigits(rest)
  const whole = max<i32>(count - places, 1)
  const length = places == 0 ? whole : whole + 1 + places
  let at = out + length
  for (let place = 0; place < places; place++) {
    const tenth = rest / 10
    store<u8>(--at, ZERO + <u32>(rest - 10 * tenth))
    rest = tenth
  }
  if (places > 0) store<u8>(--at, POINT)
  while (at > out) {
    const tenth = rest / 10
    store<u8>(--at, ZERO + <u32>(rest - 10 * tenth))
    rest = tenth
  }
  return length
}

function countDigits(value: u64): i32 {
  let count = 1
  for (let power: u64 = 10; power <= value; power *= 10) count++
  return count
}
