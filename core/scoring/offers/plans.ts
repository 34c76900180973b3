/**
 * What every decision would find of an item's actions, worked out once: which campaigns target it, what each step takes off, which
 * guard of its prices drops it and how it moves the odds of a segment. None of it depends on who asks or when; whether a campaign
 * runs, is barred or has anything left is asked for each decision.
 *
 * A plan holds as long as the item's live prices stand as it found them. Campaigns and snapshots bring plans of their own: the
 * plans are a part of the compiled campaigns.
 */
import type { OfferReason } from '../../contract/answers.ts'
import type { Depth, PromotionPolicy } from '../../contract/campaigns.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { percentDiscount } from '../../contract/money.ts'
import type { ItemCampaign, ItemStep } from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import type { Generation } from '../generation.ts'
import type { Piece } from '../json-pieces.ts'
import { priceGuard } from './guards.ts'
import { loggedSteps } from './logged.ts'
import { logPriceOf, movedBy } from './response.ts'

/** Actions that are remembered, 40 bytes each; past that all plans are forgotten and made again when they are asked for. */
const REMEMBERED_ACTIONS = 500_000
const FIRST_ACTIONS = 4096
/** Of an action, in this order: minor units off, then `Moved`. They stand together, as an item's are read together. */
export const PLANNED = { discountMinor: 0, oddsFactor: 1, factorSe: 2, borrowed: 3, displaced: 4 } as const
export const PLANNED_NUMBERS = 5

/** By step, the guard of prices that drops it; null: none is dropped. */
export type Dropped = (OfferReason | null)[] | null

export interface ItemPlan {
  priceMinor: number
  priorPriceMinor: number
  /** -1: unknown. */
  costMinor: number
  set: TargetSet
  /** Where its actions begin in the numbers of `ItemPlans`, `PLANNED_NUMBERS` for each step of the set. */
  at: number
  /** Where nothing else comes off the item. */
  dropped: Dropped
  /** By the share of the price, in basis points, that the basket's offer may still take off; filled as it is asked for. */
  droppedUnder: Map<number, Dropped>
  /** Of all steps. */
  largestDiscountMinor: number
}

/** The campaigns that target an item, whether or not they run, and all their steps: many items have the same. */
export interface TargetSet {
  /** In the order of the file. */
  targets: Target[]
  steps: ItemStep[]
  /** By step, the position of its campaign. */
  positions: Int32Array
  /** All steps as a row lists them. */
  logged: Piece
}

/** A campaign and its steps in the set: from `first` on, before `after`. */
export interface Target {
  campaign: ItemCampaign
  first: number
  after: number
}

export class ItemPlans {
  numbers = new Float64Array(PLANNED_NUMBERS * FIRST_ACTIONS)
  readonly #campaigns: ItemCampaign[]
  readonly #policy: PromotionPolicy
  readonly #plans = new Map<number, ItemPlan>()
  readonly #sets = new Map<string, TargetSet>()
  #actions = 0

  constructor(campaigns: ItemCampaign[], policy: PromotionPolicy) {
    this.#campaigns = campaigns
    this.#policy = policy
  }

  /** `segment`: whose responses. */
  of(g: Generation, item: ItemIndex, segment: number): ItemPlan {
    const key = segment * g.nItems + item
    let plan = this.#plans.get(key)
    if (plan === undefined) {
      plan = this.#begin(this.#setOf(g, item))
      this.#plans.set(key, plan)
    }
    if (!isAsFound(g, plan, item)) this.#make(g, plan, item, segment)
    return plan
  }

  /** `stackedBps`: share of the price that the basket's offer may still take off. */
  dropped(plan: ItemPlan, stackedBps: number): Dropped {
    if (stackedBps === 0) return plan.dropped
    let dropped = plan.droppedUnder.get(stackedBps)
    if (dropped === undefined) {
      dropped = this.#droppedOf(plan, stackedBps)
      plan.droppedUnder.set(stackedBps, dropped)
    }
    return dropped
  }

  /** Of one campaign set; their number is that of the kinds of items that campaigns tell apart. */
  #setOf(g: Generation, item: ItemIndex): TargetSet {
    const campaigns = this.#campaigns.filter((campaign) => targetsItem(campaign, item))
    const name = campaigns.map(({ position }) => position).join()
    const known = this.#sets.get(name)
    if (known !== undefined) return known
    const steps = campaigns.flatMap((campaign) => campaign.steps)
    const firstOf = (campaign: ItemCampaign) => steps.indexOf(campaign.steps[0])
    const targets = campaigns.map((campaign) => ({
      campaign,
      first: firstOf(campaign),
      after: firstOf(campaign) + campaign.steps.length,
    }))
    const positions = Int32Array.from(steps, ({ on }) => on.position)
    const set = { targets, steps, positions, logged: g.pieces.of(loggedSteps(steps)) }
    this.#sets.set(name, set)
    return set
  }

  /** A plan that is not made yet, and room for its actions. */
  #begin(set: TargetSet): ItemPlan {
    const n = set.steps.length
    if (this.#actions + n > REMEMBERED_ACTIONS) {
      this.#plans.clear()
      this.#sets.clear()
      this.#actions = 0
    }
    const at = PLANNED_NUMBERS * this.#actions
    this.#actions += n
    if (PLANNED_NUMBERS * this.#actions > this.numbers.length) this.#grow()
    return {
      priceMinor: -1,
      priorPriceMinor: -1,
      costMinor: -1,
      set,
      at,
      dropped: null,
      droppedUnder: new Map(),
      largestDiscountMinor: 0,
    }
  }

  #grow(): void {
    const larger = new Float64Array(2 * PLANNED_NUMBERS * this.#actions)
    larger.set(this.numbers)
    this.numbers = larger
  }

  #make(g: Generation, plan: ItemPlan, item: ItemIndex, segment: number): void {
    const { steps } = plan.set
    plan.priceMinor = g.live.priceMinor[item]
    plan.priorPriceMinor = g.live.priorPriceMinor[item]
    plan.costMinor = g.tables.catalogue.costMinor.view[item]
    plan.largestDiscountMinor = 0
    for (const [s, step] of steps.entries()) this.#planStep(g, plan, item, step, plan.at + PLANNED_NUMBERS * s, segment)
    plan.droppedUnder.clear()
    plan.dropped = this.#droppedOf(plan, 0)
  }

  #droppedOf(plan: ItemPlan, stackedBps: number): Dropped {
    const { set, at, costMinor, priceMinor, priorPriceMinor } = plan
    const dropped = set.steps.map(({ on }, s) => {
      const discountMinor = this.numbers[at + PLANNED_NUMBERS * s + PLANNED.discountMinor]
      const netMinor = priceMinor - discountMinor
      return priceGuard(this.#policy, on, {
        discountMinor,
        netMinor: stackedBps === 0 ? netMinor : netMinor - percentDiscount(netMinor, stackedBps),
        costMinor,
        priceMinor,
        priorPriceMinor,
      })
    })
    return dropped.every((reason) => reason === null) ? null : dropped
  }

  /** Fills in one action. */
  #planStep(
    g: Generation,
    plan: ItemPlan,
    item: ItemIndex,
    { on, depth, logPrice }: ItemStep,
    at: number,
    segment: number,
  ): void {
    const { priceMinor } = plan
    const { elasticity, elasticitySe } = g.tables.prices
    const discountMinor = discountOf(depth, priceMinor)
    const ofPrice = logPrice ?? logPriceOf(discountMinor / priceMinor)
    plan.largestDiscountMinor = Math.max(plan.largestDiscountMinor, discountMinor)
    const moved = movedBy(g, on.curve, segment, elasticity.view[item], elasticitySe.view[item], ofPrice)
    this.numbers[at + PLANNED.discountMinor] = discountMinor
    this.numbers[at + PLANNED.oddsFactor] = moved.oddsFactor
    this.numbers[at + PLANNED.factorSe] = moved.factorSe
    this.numbers[at + PLANNED.borrowed] = moved.borrowed
    this.numbers[at + PLANNED.displaced] = moved.displaced
  }
}

/** Prices change while a snapshot serves. */
function isAsFound({ live }: Generation, plan: ItemPlan, item: ItemIndex): boolean {
  return live.priceMinor[item] === plan.priceMinor && live.priorPriceMinor[item] === plan.priorPriceMinor
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}
