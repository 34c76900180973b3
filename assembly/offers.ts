/**
 * What each action (an offer, or nothing) is worth, and the choice among actions. f64 throughout; money in minor units.
 *
 * With list price P, unit cost c, discount δ_a, odds of purchase without an offer o_0, odds factor f_a, the share b_a of the
 * units sold that is borrowed from later sales, and k_a by which the log-odds of rivals fall, whose margin R per log-odds is at stake:
 *   p_a = o_0 f_a / (1 + o_0 f_a),  m_a = (1 - b_a)(P - c)
 *   margin_a = p_a (m_a - δ_a) - p_0 (P - c) - k_a R              always-buyers cost, not gain
 *   se_a     = p_a (1 - p_a) se(ln f_a) |m_a - δ_a|        delta method, dp / d ln(odds) = p (1 - p)
 *   price_a  = λ_a p_a δ_a + μ_a p_a - ν_a margin_a      λ: of a minor unit expected off, μ: of an offer used, ν: of margin won
 *   value_a  = margin_a - z se_a - price_a
 */
import { expectArray, expectCount, expectNumber } from './contract'
import { expOfNonPositive } from './exp'

/**
 * unitMargin: P - c. rivals: R. discount, oddsFactor (>= 0), factorSe, borrowed (0 to 1), displaced = k, dual = λ, stockDual = μ, returnDual = ν: f64[n].
 * Writes f64[n] each: outP = p, outMargin = margin, outSe = z · se, outPrice = price, outValue = value.
 */
export function offerValues(
  n: u32,
  unitMargin: f64,
  oddsNone: f64,
  discount: usize,
  oddsFactor: usize,
  factorSe: usize,
  borrowed: usize,
  displaced: usize,
  rivals: f64,
  z: f64,
  dual: usize,
  stockDual: usize,
  returnDual: usize,
  outP: usize,
  outMargin: usize,
  outSe: usize,
  outPrice: usize,
  outValue: usize,
): void {
  expectOfferTables(
    n,
    discount,
    oddsFactor,
    factorSe,
    borrowed,
    displaced,
    dual,
    stockDual,
    returnDual,
    outP,
    outMargin,
    outSe,
    outPrice,
    outValue,
  )
  expectNumber(oddsNone >= 0, oddsNone)
  const none = (oddsNone / (1.0 + oddsNone)) * unitMargin
  for (let a: u32 = 0; a < n; a++) {
    const at = (<usize>a) << 3
    const off = load<f64>(discount + at)
    const odds = oddsNone * load<f64>(oddsFactor + at)
    const p = odds / (1.0 + odds)
    const won = (1.0 - load<f64>(borrowed + at)) * unitMargin - off
    const margin = p * won - none - load<f64>(displaced + at) * rivals
    const se = z * (p * (1.0 - p) * load<f64>(factorSe + at) * abs<f64>(won))
    const price = priceOf(at, p, off, margin, dual, stockDual, returnDual)
    store<f64>(outP + at, p)
    store<f64>(outMargin + at, margin)
    store<f64>(outSe + at, se)
    store<f64>(outPrice + at, price)
    store<f64>(outValue + at, margin - se - price)
  }
}

/** What the action at an offset is charged. */
function priceOf(at: usize, p: f64, off: f64, margin: f64, dual: usize, stockDual: usize, returnDual: usize): f64 {
  return load<f64>(dual + at) * (p * off) + load<f64>(stockDual + at) * p - load<f64>(returnDual + at) * margin
}

/**
 * Values of n actions of which many are the same move, weighed once by `offerValues` at no price: discount, p, margin and value
 * f64 by move, moveOf u32[n]. dual, stockDual, returnDual f64[n]. Writes outValue f64[n].
 */
export function stepValues(
  n: u32,
  moveOf: usize,
  discount: usize,
  p: usize,
  margin: usize,
  value: usize,
  dual: usize,
  stockDual: usize,
  returnDual: usize,
  outValue: usize,
): void {
  expectArray(moveOf, n, 4)
  expectArray(dual, n, 8)
  expectArray(stockDual, n, 8)
  expectArray(returnDual, n, 8)
  expectArray(outValue, n, 8)
  for (let a: u32 = 0; a < n; a++) {
    const at = (<usize>a) << 3
    const move = (<usize>load<u32>(moveOf + ((<usize>a) << 2))) << 3
    expectArray(value + move, 1, 8)
    const off = load<f64>(discount + move)
    const price = priceOf(at, load<f64>(p + move), off, load<f64>(margin + move), dual, stockDual, returnDual)
    store<f64>(outValue + at, load<f64>(value + move) - price)
  }
}

/** `offerValues` of n actions that each have a unit margin and odds of their own, f64[n], and no rivals. */
export function tierValues(
  n: u32,
  unitMargin: usize,
  oddsNone: usize,
  discount: usize,
  oddsFactor: usize,
  factorSe: usize,
  borrowed: usize,
  displaced: usize,
  z: f64,
  dual: usize,
  stockDual: usize,
  returnDual: usize,
  outP: usize,
  outMargin: usize,
  outSe: usize,
  outPrice: usize,
  outValue: usize,
): void {
  expectArray(unitMargin, n, 8)
  expectArray(oddsNone, n, 8)
  for (let a: u32 = 0; a < n; a++) {
    const at = (<usize>a) << 3
    offerValues(
      1,
      load<f64>(unitMargin + at),
      load<f64>(oddsNone + at),
      discount + at,
      oddsFactor + at,
      factorSe + at,
      borrowed + at,
      displaced + at,
      0,
      z,
      dual + at,
      stockDual + at,
      returnDual + at,
      outP + at,
      outMargin + at,
      outSe + at,
      outPrice + at,
      outValue + at,
    )
  }
}

/**
 * Draws one of n actions by π_a = f + (1 - n f) softmax(values / temperature)_a with f = min(floor, 1 / n); temperature 0
 * puts all of the softmax on the largest value, the lowest index on ties. values f64[n], finite; u in [0, 1).
 * Writes π to outPropensity f64[n], which may not be `values`, and returns the first index whose cumulative sum exceeds u;
 * where rounding leaves none, the last with a propensity above 0.
 */
export function chooseOffer(n: u32, values: usize, temperature: f64, floor: f64, u: f64, outPropensity: usize): u32 {
  expectCount(n)
  expectArray(values, n, 8)
  expectArray(outPropensity, n, 8)
  expectNumber(temperature >= 0, temperature)
  expectNumber(floor >= 0, floor)
  expectNumber(u >= 0 && u < 1, u)
  const best = largest(n, values)
  const sum = softmax(n, values, best, temperature, outPropensity)
  const least = min<f64>(floor, 1.0 / <f64>n)
  const rest = max<f64>(0, 1.0 - <f64>n * least) / sum
  let cumulative: f64 = 0
  let chosen: u32 = 0
  for (let a: u32 = 0; a < n; a++) {
    const at = outPropensity + ((<usize>a) << 3)
    const propensity = least + rest * load<f64>(at)
    store<f64>(at, propensity)
    if (cumulative <= u && propensity > 0) chosen = a
    cumulative += propensity
  }
  return chosen
}

/** Index of the largest value, the lowest on ties. */
function largest(n: u32, values: usize): u32 {
  let best: u32 = 0
  for (let a: u32 = 1; a < n; a++)
    if (load<f64>(values + ((<usize>a) << 3)) > load<f64>(values + ((<usize>best) << 3))) best = a
  return best
}

/** Writes e^((value - largest) / temperature), which cannot overflow, and returns their sum, taken in order. */
function softmax(n: u32, values: usize, best: u32, temperature: f64, out: usize): f64 {
  const top = load<f64>(values + ((<usize>best) << 3))
  let sum: f64 = 0
  for (let a: u32 = 0; a < n; a++) {
    const below = load<f64>(values + ((<usize>a) << 3)) - top
    const weight = temperature > 0 ? expOfNonPositive(below / temperature) : a == best ? 1.0 : 0.0
    store<f64>(out + ((<usize>a) << 3), weight)
    sum += weight
  }
  return sum
}

function expectOfferTables(
  n: u32,
  discount: usize,
  oddsFactor: usize,
  factorSe: usize,
  borrowed: usize,
  displaced: usize,
  dual: usize,
  stockDual: usize,
  returnDual: usize,
  outP: usize,
  outMargin: usize,
  outSe: usize,
  outPrice: usize,
  outValue: usize,
): void {
  expectArray(discount, n, 8)
  expectArray(oddsFactor, n, 8)
  expectArray(factorSe, n, 8)
  expectArray(borrowed, n, 8)
  expectArray(displaced, n, 8)
  expectArray(dual, n, 8)
  expectArray(stockDual, n, 8)
  expectArray(returnDual, n, 8)
  expectArray(outP, n, 8)
  expectArray(outMargin, n, 8)
  expectArray(outSe, n, 8)
  expectArray(outPrice, n, 8)
  expectArray(outValue, n, 8)
}
