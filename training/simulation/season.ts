/** Seasons: a year of 52 weeks, in which every category has one peak. */

/** 1 in the peak week, falling to 0 a quarter of a year away from it. */
export function seasonOf(day: number, peakWeek: number): number {
  return Math.max(0, Math.cos((2 * Math.PI * (day / 7 - peakWeek)) / 52))
}

/** Mean of `seasonOf` over a year. */
export const MEAN_SEASON = 1 / Math.PI
