/** The learning period: what exploring teaches, and what every policy plans with before it is measured. */

import type { ItemStep } from '../../../core/scoring/campaigns/compile.ts'
import { Account, type PolicyFigures } from './account.ts'
import { Beliefs, everyNature } from './beliefs.ts'
import { decidingPolicy, weighVisit } from './deciding.ts'
import { Impressions } from './impressions.ts'
import { type KnowingOptions, knowingPolicy } from './knowing.ts'
import { Market, type World } from './market.ts'
import { plannedPrices, WeighedActions } from './pace.ts'
import { type Period, playPeriod, unlimited } from './period.ts'
import { fixedStep } from './policy.ts'
import { learnReading, type Reading } from './reading.ts'

/** Which of the visits are weighed to plan the price of a budget. */
const WEIGHED_EVERY = 4
/** Shares borrowed from later sales that the knowing policies try, per share of 1 taken off. */
const BORROWED = [0, 0.5, 1, 2]

export interface Explored {
  log: Impressions
  figures: PolicyFigures
  /** What the informed policy can know by the end of it. */
  beliefs: Beliefs
}

/** Decides every visit with the campaigns' exploration and no limit of budgets; fills what the visits were shown. */
export function explore(period: Period): Explored {
  const { world, shown } = period
  const log = new Impressions()
  const beliefs = new Beliefs(world.truth, world.shoppers)
  const policy = decidingPolicy(world, 'exploring', shown.slots, (visit, decision, market, _shown, given) => {
    log.add(visit, decision, market, world.shop.g.tables.catalogue.category.view)
    beliefs.update(world, visit, market, shown, given, market.state.offersSeen(visit.shopper, visit.day))
  })
  return { log, beliefs, figures: playPeriod(period, policy, unlimited(period)) }
}

export interface KnowingPlan {
  /** A share of what the informed policy spends without a limit. */
  budgetMinor: Float64Array
  borrowed: number
  reading: Reading
  informedPrices: Float64Array
  clairvoyantPrices: Float64Array
  /** The informed policy, without a limit. */
  free: PolicyFigures
}

/** What the knowing policies know beside the parameters: `null` beliefs are natures themselves, `null` readings tastes. */
type Known = Pick<KnowingOptions, 'name' | 'beliefs' | 'reading'>

export function planKnowing(period: Period, budgetShare: number): KnowingPlan {
  const { world } = period
  const reading = learnReading(period)
  const informed = () => ({ name: 'informed', beliefs: new Beliefs(world.truth, world.shoppers), reading })
  const tried = BORROWED.map((borrowed) => ({ borrowed, ...weighed(period, informed(), borrowed) }))
  const best = tried.reduce((a, b) => (b.figures.treatedMarginMinor > a.figures.treatedMarginMinor ? b : a))
  const { borrowed, figures: free } = best
  const budgetMinor = Float64Array.from(free.spentMinor, (minor) => Math.floor(minor * budgetShare))
  const sampled = budgetMinor.map((minor) => minor / WEIGHED_EVERY)
  const clairvoyant = weighed(period, { name: 'clairvoyant', beliefs: null, reading: null }, borrowed)
  return {
    budgetMinor,
    borrowed,
    reading,
    informedPrices: plannedPrices(best.actions, sampled, borrowed),
    clairvoyantPrices: plannedPrices(clairvoyant.actions, sampled, borrowed),
    free,
  }
}

/** Plays without a limit and notes what the actions of a sample of visits are worth. */
function weighed(period: Period, known: Known, borrowed: number): { figures: PolicyFigures; actions: WeighedActions } {
  const { world } = period
  const actions = new WeighedActions()
  const knowledge = known.beliefs ?? everyNature(world.shoppers)
  const into = { into: actions, every: WEIGHED_EVERY }
  const policy = knowingPolicy(world, knowledge, { ...known, borrowed, holdout: true, weighed: into })
  return { figures: playPeriod(period, policy, unlimited(period)), actions }
}

/** The step of the first campaign's ladder that earns most as everyone's. */
export function bestFixedStep(period: Period, budgetMinor: Float64Array): ItemStep {
  const [{ steps }] = period.world.shop.campaigns.onItems
  const margins = steps.map(
    (step) => playPeriod(period, fixedStep(period.world, 'fixed', step, 0), budgetMinor).treatedMarginMinor,
  )
  return steps[margins.indexOf(Math.max(...margins))]
}

/** Prices of the budgets by what `world`'s decisions, those of the new snapshot, expect of the learning period's visits. */
export function planDeciding(period: Period, world: World, budgetMinor: Float64Array): Float64Array {
  const { visits, shown } = period
  const actions = new WeighedActions()
  const nobody = new Account('', budgetMinor, { tiers: 0, types: 0 })
  const market = new Market(world, shown.slots, unlimited(period), nobody)
  for (let at = 0; at < visits.length; at += WEIGHED_EVERY)
    if (!visits[at].heldOut) weighVisit(world, visits[at], market, shown.slots, actions)
  const sampled = budgetMinor.map((minor) => minor / WEIGHED_EVERY)
  return plannedPrices(actions, sampled)
}
