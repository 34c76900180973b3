/** The prices section: each item's own-price elasticity with its standard error; and what a basket is worth. */
import { NO_CODE, UNKNOWN_COST } from '../../core/snapshot/layout.ts'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import { meanOrderMinor } from '../baskets.ts'
import type { Membership } from '../crossed-shrinkage.ts'
import type { Dataset } from '../dataset.ts'
import { readItems } from '../duckdb.ts'
import { PURCHASE, paidMinor, weeklySalesOf } from '../elasticity.ts'
import { bounded, learnElasticities } from '../learned-elasticities.ts'
import { pullForward } from '../pull-forward.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'
import { codesOf } from './catalogue.ts'

export async function trainPrices({ dataset, sections }: StageContext): Promise<StageReport> {
  const { category, brand, cost_minor } = await readItems(dataset.folder, ['category', 'brand', 'cost_minor'])
  const learned = learnElasticities(dataset.table, membershipOf(category), membershipOf(brand))
  const { shrunk, itemsWithEstimate, itemsAtBounds } = learned
  await writeSection(sections, 'prices', { elasticity: learned.elasticity, elasticity_se: learned.elasticitySe })
  const basket: ModelParameters['basket'] = {
    meanOrderMinor: await meanOrderMinor(dataset),
    marginRate: marginRate(dataset, cost_minor),
    elasticity: bounded(shrunk.global.mean),
    elasticitySe: Math.sqrt(shrunk.global.variance),
  }
  return {
    metrics: {
      itemsWithEstimate,
      itemsAtBounds,
      globalElasticity: shrunk.global.mean,
      spreadWithinCategories: Math.sqrt(shrunk.withinGroups),
      spreadBetweenCategories: Math.sqrt(shrunk.betweenGroups),
      spreadBetweenBrands: Math.sqrt(shrunk.betweenBrands),
      ...forwardBuying(dataset, learned.elasticity),
    },
    model: { basket },
  }
}

/** Items that name nothing are a group of their own. */
function membershipOf(names: (string | null)[]): Membership {
  const { codes, offsets } = codesOf(names)
  const unnamed = offsets.length - 1
  return { groupOf: codes.map((code) => (code === NO_CODE ? unnamed : code)), count: unnamed + 1 }
}

/** Nothing where no discount sold more. */
function forwardBuying({ table, items }: Dataset, elasticity: Float32Array): Record<string, number> {
  const borrowed = pullForward(weeklySalesOf(table, items), elasticity)
  return borrowed === null ? {} : { pullForward: borrowed.mean, pullForwardSe: Math.sqrt(borrowed.variance) }
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
