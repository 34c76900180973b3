/** Order statistics of measured rounds. */

/** Nearest rank; `share` in [0, 1]. Sorts a copy. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

export const median = (values: ArrayLike<number>) => quantile(values, 0.5)
