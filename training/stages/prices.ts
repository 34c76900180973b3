/** The prices section: each item's own-price elasticity with its standard error; and what a basket is worth. */
import { NO_CODE, UNKNOWN_COST } from '../../core/snapshot/layout.ts'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import { meanOrderMinor } from '../baskets.ts'
import type { Dataset } from '../dataset.ts'
import { readItems } from '../duckdb.ts'
import { demandsOf, itemElasticities, PURCHASE, paidMinor } from '../elasticity.ts'
import { type StageReport, writeSection } from '../sections.ts'
import { type Estimate, shrink } from '../shrinkage.ts'
import type { StageContext } from '../stage.ts'
import { codesOf } from './catalogue.ts'

/**
 * What is believed of a shop before its own prices say anything: the mean of 1,851 published elasticities
 * (Bijmolt, van Heerde, Pieters, Journal of Marketing Research 42, 2005), with a spread of 1.
 */
const PRIOR: Estimate = { mean: -2.62, variance: 1 }
/** Demand that rises with the price, or jumps at a cent, is noise that shrinkage left: it never prices an offer. */
const BOUNDS = { least: -10, most: -0.05 }

export async function trainPrices({ dataset, sections }: StageContext): Promise<StageReport> {
  const { category, cost_minor } = await readItems(dataset.folder, ['category', 'cost_minor'])
  const { codes, offsets } = codesOf(category)
  const withoutCategory = offsets.length - 1
  const groupOf = codes.map((code) => (code === NO_CODE ? withoutCategory : code))
  const demands = demandsOf(dataset.table, dataset.items)
  const estimates = itemElasticities(demands, groupOf, withoutCategory + 1, PRIOR)
  const shrunk = shrink(estimates, groupOf, withoutCategory + 1, PRIOR)
  await writeSection(sections, 'prices', {
    elasticity: Float32Array.from(shrunk.items, ({ mean }) => bounded(mean)),
    elasticity_se: Float32Array.from(shrunk.items, ({ variance }) => Math.sqrt(variance)),
  })
  const basket: ModelParameters['basket'] = {
    meanOrderMinor: await meanOrderMinor(dataset),
    marginRate: marginRate(dataset, cost_minor),
    elasticity: bounded(shrunk.global.mean),
    elasticitySe: Math.sqrt(shrunk.global.variance),
  }
  return {
    metrics: {
      itemsWithEstimate: estimates.filter((estimate) => estimate !== null).length,
      itemsAtBounds: shrunk.items.filter(({ mean }) => bounded(mean) !== mean).length,
      globalElasticity: shrunk.global.mean,
      spreadWithinCategories: Math.sqrt(shrunk.withinGroups),
      spreadBetweenCategories: Math.sqrt(shrunk.betweenGroups),
    },
    model: { basket },
  }
}

function bounded(elasticity: number): number {
  return Math.min(BOUNDS.most, Math.max(BOUNDS.least, elasticity))
}

/** (paid − cost) / paid over the purchases of items whose cost is known; null where there are none. */
function marginRate({ table }: Dataset, costMinor: Int32Array): number | null {
  let paid = 0
  let cost = 0
  for (let e = 0; e < table.length; e++) {
    if (table.kind[e] !== PURCHASE || costMinor[table.item[e]] === UNKNOWN_COST || paidMinor(table, e) <= 0) continue
    paid += paidMinor(table, e)
    cost += costMinor[table.item[e]] * table.quantity[e]
  }
  return paid === 0 ? null : (paid - cost) / paid
}
