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
import { logPriceOf, type Moved, writeResponse } from './response.ts'

/** Actions that are remembered, 32 bytes each; past that all plans are forgotten and made again when they are asked for. */
const REMEMBERED_ACTIONS = 500_000
const FIRST_ACTIONS = 4096

export interface ItemPlan {
  priceMinor: number
  priorPriceMinor: number
  /** Share of the price that the basket's offer may still take off. */
  stackedBps: number
  /** -1: unknown. */
  costMinor: number
  set: TargetSet
  /** Where its actions begin in the columns of `ItemPlans`, as many as the set has steps. */
  at: number
  /** By step, the guard of prices that drops it; null: none is dropped. */
  dropped: (OfferReason | null)[] | null
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

/** By action. */
type Columns = Record<'discountMinor' | keyof Moved, { view: Float64Array }>

export class ItemPlans {
  columns = columnsOf(FIRST_ACTIONS)
  readonly #campaigns: ItemCampaign[]
  readonly #policy: PromotionPolicy
  readonly #plans = new Map<number, ItemPlan>()
  readonly #sets = new Map<string, TargetSet>()
  #actions = 0

  constructor(campaigns: ItemCampaign[], policy: PromotionPolicy) {
    this.#campaigns = campaigns
    this.#policy = policy
  }

  /** `segment`: whose responses; `stackedBps`: share of the price that the basket's offer may still take off. */
  of(g: Generation, item: ItemIndex, segment: number, stackedBps: number): ItemPlan {
    const key = segment * g.nItems + item
    let plan = this.#plans.get(key)
    if (plan === undefined) {
      plan = this.#begin(this.#setOf(g, item))
      this.#plans.set(key, plan)
    }
    if (!isAsFound(g, plan, item, stackedBps)) this.#make(g, plan, item, segment, stackedBps)
    return plan
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
    const at = this.#actions
    this.#actions += n
    if (this.#actions > this.columns.discountMinor.view.length) this.#grow()
    return {
      priceMinor: -1,
      priorPriceMinor: -1,
      stackedBps: -1,
      costMinor: -1,
      set,
      at,
      dropped: null,
      largestDiscountMinor: 0,
    }
  }

  #grow(): void {
    const larger = columnsOf(2 * this.#actions)
    for (const name of Object.keys(larger) as (keyof Columns)[]) larger[name].view.set(this.columns[name].view)
    this.columns = larger
  }

  #make(g: Generation, plan: ItemPlan, item: ItemIndex, segment: number, stackedBps: number): void {
    const { steps } = plan.set
    plan.priceMinor = g.live.priceMinor[item]
    plan.priorPriceMinor = g.live.priorPriceMinor[item]
    plan.stackedBps = stackedBps
    plan.costMinor = g.tables.catalogue.costMinor.view[item]
    const dropped = steps.map((step, s) => this.#planStep(g, plan, item, step, plan.at + s, segment))
    plan.dropped = dropped.every((reason) => reason === null) ? null : dropped
    plan.largestDiscountMinor = 0
    for (let s = 0; s < steps.length; s++)
      plan.largestDiscountMinor = Math.max(plan.largestDiscountMinor, this.columns.discountMinor.view[plan.at + s])
  }

  /** Fills the columns of one action and tells the guard of prices that drops it. */
  #planStep(
    g: Generation,
    { priceMinor, priorPriceMinor, stackedBps, costMinor }: ItemPlan,
    item: ItemIndex,
    { on, depth, logPrice }: ItemStep,
    at: number,
    segment: number,
  ): OfferReason | null {
    const { elasticity, elasticitySe } = g.tables.prices
    const discountMinor = discountOf(depth, priceMinor)
    const netMinor = priceMinor - discountMinor
    const ofPrice = logPrice ?? logPriceOf(discountMinor / priceMinor)
    this.columns.discountMinor.view[at] = discountMinor
    writeResponse(g, on.curve, segment, elasticity.view[item], elasticitySe.view[item], ofPrice, this.columns, at)
    return priceGuard(this.#policy, on, {
      discountMinor,
      netMinor: stackedBps === 0 ? netMinor : netMinor - percentDiscount(netMinor, stackedBps),
      costMinor,
      priceMinor,
      priorPriceMinor,
    })
  }
}

function columnsOf(n: number): Columns {
  const column = () => ({ view: new Float64Array(n) })
  return { discountMinor: column(), oddsFactor: column(), factorSe: column(), borrowed: column() }
}

/** Prices change while a snapshot serves. */
function isAsFound({ live }: Generation, plan: ItemPlan, item: ItemIndex, stackedBps: number): boolean {
  return (
    live.priceMinor[item] === plan.priceMinor &&
    live.priorPriceMinor[item] === plan.priorPriceMinor &&
    stackedBps === plan.stackedBps
  )
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}
