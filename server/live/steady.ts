/**
 * The wall clock may be set, by seconds or by a day; what offers hold back of budgets must not come free by it.
 *
 *   steady time = wall time + (watch − wall clock), both read now
 *
 * Milliseconds of a watch that nobody sets. What is left until a moment is the same in both at the time it is asked; later
 * settings of the wall clock do not change what was answered before. While the clock is only trimmed, by less than `TRIM_MS`, the
 * difference of the two is kept, so that the same moment is told the same again.
 */
const TRIM_MS = 1000

export function steadyTime(wall: () => number, watch: () => number): (time: number) => number {
  let ahead = watch() - wall()
  return (time) => {
    const now = watch() - wall()
    if (Math.abs(now - ahead) > TRIM_MS) ahead = now
    return time + ahead
  }
}
