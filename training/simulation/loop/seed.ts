/**
 * One seed of the closed loop: make a shop, let it explore, learn from its log, publish, and measure every policy.
 *
 * The shown items, the visits, the luck and the terms (budgets, guards, caps, hold-out, pacing) are the same for all
 * policies. The budgets are a share of what the informed policy would spend over the period if it had no limit;
 * exploring has none. Both periods start with shoppers whom no offer was shown of late.
 */
import type { ItemStep } from '../../../core/scoring/campaigns/compile.ts'
import type { PolicyFigures } from './account.ts'
import { type Beliefs, everyNature } from './beliefs.ts'
import { decidingPolicy } from './deciding.ts'
import { knowingPolicy } from './knowing.ts'
import { learnFromLog } from './learn-response.ts'
import { bestFixedStep, explore, type KnowingPlan, planDeciding, planKnowing } from './learning.ts'
import type { World } from './market.ts'
import { openPeriod, type Period, playPeriod, unlimited } from './period.ts'
import { Shoppers } from './plan.ts'
import { fixedStep, medianProbability, NO_OFFERS, type Policy } from './policy.ts'
import type { Reading } from './reading.ts'
import type { Scenario } from './scenario.ts'
import { addResponse, makeShop, publishAndOpen } from './shop.ts'

/** In the order of the report; `informed for all` keeps no hold-out, `tastes known` reads them from the truth. */
export const POLICIES = [
  'none',
  'best fixed',
  'propensity',
  'ours',
  'informed',
  'informed for all',
  'tastes known',
  'clairvoyant',
] as const
export type PolicyName = (typeof POLICIES)[number]

export interface SeedResult {
  seed: number
  currency: string
  /** Depth of the policy that gives everyone the same. */
  fixedPercentBps: number
  impressions: number
  /** Of the learning period, none with a budget: `none`, `exploring`, `informed`. */
  learning: PolicyFigures[]
  /** Of the measured period, in the order of `POLICIES`. */
  measured: PolicyFigures[]
}

/** Works in `folder`; `onStep` hears what is done next. */
export async function simulateSeed(
  folder: string,
  scenario: Scenario,
  seed: number,
  onStep: (step: string) => void = () => undefined,
): Promise<SeedResult> {
  const { learningDays, days } = scenario
  onStep('make and train a shop')
  const shop = await makeShop(folder, scenario, seed)
  const { truth } = shop
  const shoppers = new Shoppers(truth)
  const open = await publishAndOpen(shop, 'learning')
  onStep('explore offers')
  const before = openPeriod(truth, shoppers, open, scenario, { firstDay: truth.days, days: learningDays, seed })
  const { log, beliefs, figures } = explore(before)
  onStep('plan what the policies may spend')
  const plan = planKnowing(before, scenario.budgetShare)
  const fixed = bestFixedStep(before, plan.budgetMinor)
  onStep('learn from the log')
  const response = await learnFromLog(log, shop, before.world)
  if (response !== null) await addResponse(shop, response)
  const learned = await publishAndOpen(shop, 'serving', scenario.explorationFloor)
  onStep('measure every policy')
  const after = openPeriod(truth, shoppers, learned, scenario, { firstDay: truth.days + learningDays, days, seed })
  return {
    seed,
    currency: shop.dataset.currency,
    fixedPercentBps: 'percentBps' in fixed.depth ? fixed.depth.percentBps : 0,
    impressions: log.length,
    learning: [playPeriod(before, NO_OFFERS, unlimited(before)), figures, plan.free],
    measured: measure(before, after, { plan, fixed, beliefs, scenario }),
  }
}

interface Prepared {
  plan: KnowingPlan
  fixed: ItemStep
  beliefs: Beliefs
  scenario: Scenario
}

function measure(before: Period, after: Period, { plan, fixed, beliefs, scenario }: Prepared): PolicyFigures[] {
  const { world } = after
  const { truth, shoppers } = world
  const budgetMinor = plan.budgetMinor.map((minor) => Math.floor((minor * scenario.days) / scenario.learningDays))
  const play = (policy: Policy, from?: Float64Array) => playPeriod(after, policy, budgetMinor, from)
  // Ours is first: it decides what every policy shows.
  const ours = play(decidingPolicy(world, 'ours', scenario.slots), planDeciding(before, world, plan.budgetMinor))
  const { borrowed } = plan
  const informed = (name: PolicyName, holdout: boolean, reading: Reading | null) => {
    const own = beliefs.copy(truth, shoppers)
    return play(knowingPolicy(world, own, { name, borrowed, holdout, beliefs: own, reading }), plan.informedPrices)
  }
  const clairvoyant = { name: 'clairvoyant', borrowed, holdout: true, beliefs: null, reading: null }
  return [
    play(NO_OFFERS),
    play(fixedStep(world, 'best fixed', sameStep(world, fixed), 0)),
    play(fixedStep(world, 'propensity', sameStep(world, fixed), medianProbability(before.shown))),
    ours,
    informed('informed', true, plan.reading),
    informed('informed for all', false, plan.reading),
    informed('tastes known', true, null),
    play(knowingPolicy(world, everyNature(shoppers), clairvoyant), plan.clairvoyantPrices),
  ]
}

/** The step of the new snapshot's campaigns that stands where `step` stood. */
function sameStep({ shop }: World, { on, number }: ItemStep): ItemStep {
  const campaign = shop.campaigns.onItems.find(({ id }) => id === on.id) ?? shop.campaigns.onItems[0]
  return campaign.steps[number]
}
