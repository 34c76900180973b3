/** Elasticities of all items from a shop's events: estimated one by one, then shrunk to category, brand and the shop. */
import { type CrossShrunk, type Membership, shrinkCrossed } from './crossed-shrinkage.ts'
import type { EventTable } from './dataset.ts'
import { demandsOf, itemElasticities } from './elasticity.ts'
import type { Estimate } from './shrinkage.ts'

/**
 * What is believed of a shop before its own prices say anything: the mean of 1,851 published elasticities
 * (Bijmolt, van Heerde, Pieters, Journal of Marketing Research 42, 2005), with a spread of 1.
 */
const PRIOR: Estimate = { mean: -2.62, variance: 1 }
/** Demand that rises with the price, or jumps at a cent, is noise that shrinkage left: it never prices an offer. */
const BOUNDS = { least: -10, most: -0.05 }

export interface LearnedElasticities {
  /** By item, bounded. */
  elasticity: Float32Array
  elasticitySe: Float32Array
  shrunk: CrossShrunk
  itemsWithEstimate: number
  itemsAtBounds: number
}

export function learnElasticities(table: EventTable, category: Membership, brand: Membership): LearnedElasticities {
  const { groupOf, count } = category
  const estimates = itemElasticities(demandsOf(table, groupOf.length), groupOf, count, PRIOR)
  const shrunk = shrinkCrossed(estimates, category, brand, PRIOR)
  return {
    elasticity: Float32Array.from(shrunk.items, ({ mean }) => bounded(mean)),
    elasticitySe: Float32Array.from(shrunk.items, ({ variance }) => Math.sqrt(variance)),
    shrunk,
    itemsWithEstimate: estimates.filter((estimate) => estimate !== null).length,
    itemsAtBounds: shrunk.items.filter(({ mean }) => bounded(mean) !== mean).length,
  }
}

export function bounded(elasticity: number): number {
  return Math.min(BOUNDS.most, Math.max(BOUNDS.least, elasticity))
}
