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
import { priceGuard } from './guards.ts'
import { loggedSteps } from './logged.ts'
import { logPriceOf, type Moved, writeResponse } from './response.ts'

/** Actions that are remembered; past that all plans are forgotten and made again when they are asked for. */
const REMEMBERED_ACTIONS = 250_000

export interface ItemPlan {
  priceMinor: number
  priorPriceMinor: number
  /** -1: unknown. */
  costMinor: number
  elasticity: number
  elasticitySe: number
  /** In the order of the file, whether or not they run. */
  targets: PlannedCampaign[]
  /** Of all targets, one after the other; the columns are by step. */
  steps: ItemStep[]
  discountMinor: Float64Array
  moved: Moved
  /** The guard of prices that drops the step. */
  dropped: (OfferReason | null)[]
  /** All steps as a row lists them. */
  logged: string
}

/** A campaign and its steps in the plan: from `first` on, before `after`. */
export interface PlannedCampaign {
  campaign: ItemCampaign
  first: number
  after: number
}

export class ItemPlans {
  readonly #campaigns: ItemCampaign[]
  readonly #policy: PromotionPolicy
  readonly #plans = new Map<number, ItemPlan>()
  #actions = 0

  constructor(campaigns: ItemCampaign[], policy: PromotionPolicy) {
    this.#campaigns = campaigns
    this.#policy = policy
  }

  /** `segment`: whose responses; `stackedBps`: share of the price that the basket's offer may still take off. */
  of(g: Generation, item: ItemIndex, segment: number, stackedBps: number): ItemPlan {
    if (stackedBps !== 0) return this.#make(g, item, segment, stackedBps)
    const key = segment * g.nItems + item
    const known = this.#plans.get(key)
    if (known !== undefined && isAsFound(g, known, item)) return known
    const plan = this.#make(g, item, segment, 0)
    this.#remember(key, plan)
    return plan
  }

  #remember(key: number, plan: ItemPlan): void {
    this.#actions += 1 + plan.steps.length
    if (this.#actions > REMEMBERED_ACTIONS) {
      this.#plans.clear()
      this.#actions = 0
    }
    this.#plans.set(key, plan)
  }

  #make(g: Generation, item: ItemIndex, segment: number, stackedBps: number): ItemPlan {
    const targets = this.#targetsOf(item)
    const steps = targets.flatMap(({ campaign }) => campaign.steps)
    const column = () => ({ view: new Float64Array(steps.length) })
    const { elasticity, elasticitySe } = g.tables.prices
    const plan: ItemPlan = {
      priceMinor: g.live.priceMinor[item],
      priorPriceMinor: g.live.priorPriceMinor[item],
      costMinor: g.tables.catalogue.costMinor.view[item],
      elasticity: elasticity.view[item],
      elasticitySe: elasticitySe.view[item],
      targets,
      steps,
      discountMinor: new Float64Array(steps.length),
      moved: { oddsFactor: column(), factorSe: column(), borrowed: column() },
      dropped: [],
      logged: loggedSteps(steps),
    }
    for (const { campaign, first, after } of targets)
      for (let s = first; s < after; s++) this.#planStep(g, plan, campaign, s, segment, stackedBps)
    return plan
  }

  #targetsOf(item: ItemIndex): PlannedCampaign[] {
    const targets: PlannedCampaign[] = []
    let first = 0
    for (const campaign of this.#campaigns) {
      if (!targetsItem(campaign, item)) continue
      const after = first + campaign.steps.length
      targets.push({ campaign, first, after })
      first = after
    }
    return targets
  }

  #planStep(
    g: Generation,
    plan: ItemPlan,
    campaign: ItemCampaign,
    s: number,
    segment: number,
    stackedBps: number,
  ): void {
    const { priceMinor, priorPriceMinor, costMinor, elasticity, elasticitySe } = plan
    const step = plan.steps[s]
    const discountMinor = discountOf(step.depth, priceMinor)
    const netMinor = priceMinor - discountMinor
    const guarded = {
      discountMinor,
      netMinor: stackedBps === 0 ? netMinor : netMinor - percentDiscount(netMinor, stackedBps),
      costMinor,
      priceMinor,
      priorPriceMinor,
    }
    plan.discountMinor[s] = discountMinor
    plan.dropped.push(priceGuard(this.#policy, campaign, guarded))
    const logPrice = step.logPrice ?? logPriceOf(discountMinor / priceMinor)
    writeResponse(g, campaign.curve, segment, elasticity, elasticitySe, logPrice, plan.moved, s)
  }
}

/** Prices change while a snapshot serves. */
function isAsFound({ live }: Generation, { priceMinor, priorPriceMinor }: ItemPlan, item: ItemIndex): boolean {
  return live.priceMinor[item] === priceMinor && live.priorPriceMinor[item] === priorPriceMinor
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}
