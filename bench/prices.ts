/**
 * What do learned elasticities cost a seller who follows them? In shops whose demand is known, the product learns from the
 * sales alone and sets prices; their expected profit under the true demand is compared with that of the prices one would
 * set knowing it, under the same bounds and price points.
 *
 *   regret = 1 − Σ profit at the learned prices / Σ profit at the best prices,   both under the true demand
 */
import { bootstrapMeans, type Interval } from '../core/evaluation/bootstrap.ts'
import { learnElasticities } from '../training/learned-elasticities.ts'
import { allowedPrices, type ItemDemand, type PriceBounds, priceLadder } from '../training/pricing/ladder.ts'
import { weeklyUnitsOf } from '../training/pricing/level.ts'
import { type MarkdownProblem, planMarkdown, valueHeld, valueOfPolicy } from '../training/pricing/markdown.ts'
import { type Season, seasonOf } from '../training/pricing/season.ts'
import { BRANDS, CATEGORIES, type KnownItem, priceShop, truePieces, trueSeason } from './price-shop.ts'

export interface PricesOptions {
  items: number
  seeds: number
  /** First seed. */
  seed: number
}

interface Regret {
  mean: number
  /** 95 % over seeds. */
  interval: Interval
  bySeed: number[]
  /** The same for leaving every price as it is. */
  unchanged: number
}

export interface PricesReport {
  items: number
  seeds: number
  /** Root mean square error of the learned elasticities. */
  elasticityError: number
  ladder: Regret
  markdown: Regret
}

const BOUNDS: PriceBounds = { maxChange: 0.2, ending: '9', marginFloorBps: 500, ceilingMinor: null }
const MARKDOWN = { weeks: 8, maxChange: 0.2, ending: '9', coverWeeks: 12, salvageShare: 0.4, items: 24 }

export function benchPrices({ items, seeds, seed }: PricesOptions, say: (line: string) => void): PricesReport {
  const runs = Array.from({ length: seeds }, (_, run) => {
    const result = runShop(items, seed + run)
    say(
      `shop ${run + 1} of ${seeds}: ladder ${percent(result.ladder.regret)}, markdown ${percent(result.markdown.regret)}`,
    )
    return result
  })
  const regretOf = (values: { regret: number; unchanged: number }[]): Regret => {
    const bySeed = values.map(({ regret }) => regret)
    const [interval] = bootstrapMeans([Float64Array.from(bySeed)], seed)
    return { mean: mean(bySeed), interval, bySeed, unchanged: mean(values.map(({ unchanged }) => unchanged)) }
  }
  return {
    items,
    seeds,
    elasticityError: Math.sqrt(mean(runs.map(({ squaredError }) => squaredError))),
    ladder: regretOf(runs.map(({ ladder }) => ladder)),
    markdown: regretOf(runs.map(({ markdown }) => markdown)),
  }
}

function runShop(nItems: number, seed: number) {
  const { items, table, endMs } = priceShop(nItems, seed)
  const learned = learnElasticities(
    table,
    { groupOf: items.map(({ category }) => category), count: CATEGORIES },
    { groupOf: items.map(({ brand }) => brand), count: BRANDS },
  )
  const season = seasonOf(table, endMs)
  const list = items.map(({ listMinor }) => listMinor)
  const levels = weeklyUnitsOf(table, list, learned.elasticity, season, endMs)
  const demands = items.map((_, i) => ({
    elasticity: learned.elasticity[i],
    elasticitySe: learned.elasticitySe[i],
    weeklyUnits: levels[i],
  }))
  return {
    squaredError: mean(items.map(({ elasticity }, i) => (elasticity - learned.elasticity[i]) ** 2)),
    ladder: ladderRegret(items, demands),
    markdown: markdownRegret(items.slice(0, MARKDOWN.items), demands, season),
  }
}

function ladderRegret(items: KnownItem[], demands: ItemDemand[]) {
  let earned = 0
  let possible = 0
  let unchanged = 0
  items.forEach((item, i) => {
    const { listMinor, costMinor } = item
    const profit = (price: number) => truePieces(item, price) * (price - costMinor)
    const { best } = priceLadder(demands[i], listMinor, costMinor, BOUNDS)
    earned += profit(best?.priceMinor ?? listMinor)
    possible += Math.max(...allowedPrices(listMinor, costMinor, BOUNDS).map(profit))
    unchanged += profit(listMinor)
  })
  return { regret: 1 - earned / possible, unchanged: 1 - unchanged / possible }
}

function markdownRegret(items: KnownItem[], demands: ItemDemand[], season: Season) {
  let earned = 0
  let possible = 0
  let unchanged = 0
  items.forEach((item, i) => {
    const truth = problemOf(item, item.elasticity, (week) => item.level * trueSeason(week))
    const believed = problemOf(item, demands[i].elasticity, (week) => demands[i].weeklyUnits * season(week))
    earned += valueOfPolicy(truth, planMarkdown(believed))
    possible += planMarkdown(truth).valueMinor
    unchanged += valueHeld(truth)
  })
  return { regret: 1 - earned / possible, unchanged: 1 - unchanged / possible }
}

/** The stock is the same in truth and belief; `unitsOf`: pieces in a week to come. */
function problemOf(
  { listMinor, costMinor, level }: KnownItem,
  elasticity: number,
  unitsOf: (week: number) => number,
): MarkdownProblem {
  return {
    stock: Math.ceil(level * MARKDOWN.coverWeeks),
    currentMinor: listMinor,
    weeklyUnits: Array.from({ length: MARKDOWN.weeks }, (_, week) => unitsOf(week)),
    elasticity,
    salvageMinor: Math.ceil(costMinor * MARKDOWN.salvageShare),
    maxChange: MARKDOWN.maxChange,
    ending: MARKDOWN.ending,
  }
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(share: number): string {
  return `${(100 * share).toFixed(3)} %`
}

export function renderPrices({ items, seeds, elasticityError, ladder, markdown }: PricesReport): string {
  const line = (name: string, { mean, interval, unchanged }: Regret) =>
    `${name.padEnd(10)} regret ${percent(mean)} (95 %: ${interval.map(percent).join(' to ')}); prices left as they are ${percent(unchanged)}`
  return [
    `${seeds} shops of ${items} items; elasticities learned with a root mean square error of ${elasticityError.toFixed(3)}`,
    line('ladder', ladder),
    line('markdown', markdown),
  ].join('\n')
}
