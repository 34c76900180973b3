/** Which showings of an item led to a purchase: both by pair, which is a number for a shopper and an item, and by time. */
export interface PairTimes {
  pair: ArrayLike<number>
  timeMs: ArrayLike<number>
}

/** Positions by pair, then time; equal ones in the order in which they came. */
export function pairOrder({ pair, timeMs }: PairTimes): Uint32Array {
  const order = Uint32Array.from({ length: pair.length }, (_, row) => row)
  return order.sort((a, b) => pair[a] - pair[b] || timeMs[a] - timeMs[b] || a - b)
}

/**
 * By showing: 1 where the pair was bought in [shown, min(shown + windowMs, shown again)). Of two showings at one instant the last
 * counts. `order`: of `shown`.
 */
export function boughtWithin(shown: PairTimes, order: Uint32Array, bought: PairTimes, windowMs: number): Uint8Array {
  const result = new Uint8Array(order.length)
  const purchases = pairOrder(bought)
  let p = 0
  for (const [at, row] of order.entries()) {
    const pair = shown.pair[row]
    const next = order[at + 1]
    const again = next !== undefined && shown.pair[next] === pair ? shown.timeMs[next] : Number.POSITIVE_INFINITY
    const end = Math.min(shown.timeMs[row] + windowMs, again)
    while (p < purchases.length && isBefore(bought, purchases[p], pair, shown.timeMs[row])) p++
    const purchase = purchases[p]
    if (p < purchases.length && bought.pair[purchase] === pair && bought.timeMs[purchase] < end) result[row] = 1
  }
  return result
}

function isBefore({ pair, timeMs }: PairTimes, row: number, otherPair: number, time: number): boolean {
  return pair[row] < otherPair || (pair[row] === otherPair && timeMs[row] < time)
}
