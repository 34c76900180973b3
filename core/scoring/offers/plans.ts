/**
 * What every decision would find of an item's actions, worked out once: which campaigns target it, what each step takes off, which
 * guard of its prices drops it and how it moves the odds of a segment. None of it depends on who asks or when; whether a campaign
 * runs, is barred or has anything left is asked for each decision.
 *
 * Steps that take the same off, whose campaigns are answered alike and keep the same margin, are one move: a plan has numbers for
 * each move of its set. 24 campaigns with ladders of 5, 10 and 20 % are some 36 steps an item and 3 moves.
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
import type { StepSet } from './actions.ts'
import { priceGuard } from './guards.ts'
import { loggedSteps } from './logged.ts'
import { logPriceOf, movedBy } from './response.ts'

/** Numbers that are remembered, 8 bytes each; past that all plans are forgotten and made again when they are asked for. */
const REMEMBERED = 3_000_000
const FIRST_NUMBERS = 16_384
/**
 * A plan's numbers, in this order: prices and cost in minor units, -1 where they are unknown; the largest discount of all steps; the
 * place of its set; 1 where a guard of prices drops a move though nothing else comes off the item. Its moves stand behind them.
 */
export const PLAN = {
  priceMinor: 0,
  priorPriceMinor: 1,
  costMinor: 2,
  largestDiscountMinor: 3,
  set: 4,
  drops: 5,
} as const
const PLAN_NUMBERS = 6
/** Of a move, in this order: minor units off, then `Moved`. They stand together, as an item's are read together. */
export const PLANNED = { discountMinor: 0, oddsFactor: 1, factorSe: 2, borrowed: 3, displaced: 4 } as const
export const PLANNED_NUMBERS = 5

/** By move, the guard of prices that drops it; null: none is dropped. */
export type Dropped = (OfferReason | null)[] | null

/** Where a plan begins in the numbers of `ItemPlans`. */
export type Plan = number

/** The campaigns that target an item, whether or not they run, and all their steps: many items have the same. */
export interface TargetSet extends StepSet<ItemStep> {
  /** In the order of the file. */
  targets: Target[]
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
  numbers = new Float64Array(FIRST_NUMBERS)
  readonly #campaigns: ItemCampaign[]
  readonly #policy: PromotionPolicy
  readonly #nItems: number
  /** By segment, then by item; 0: no plan. A map would cost a wait for the memory more for each item of an answer. */
  readonly #plans: Int32Array[] = []
  readonly #sets: TargetSet[] = []
  /** Names of sets to their positions. */
  readonly #named = new Map<string, number>()
  /** By item, the position of its set and 1; 0: not looked up yet. */
  readonly #setOfItem: Int32Array
  /** What plans drop, by the share of the price in basis points that the basket's offer may still take off; filled as it is asked for. */
  readonly #dropped = new Map<Plan, Map<number, Dropped>>()
  /** No plan begins at 0. */
  #end = 1

  constructor(campaigns: ItemCampaign[], policy: PromotionPolicy, nItems: number) {
    this.#campaigns = campaigns
    this.#policy = policy
    this.#nItems = nItems
    this.#setOfItem = new Int32Array(nItems)
  }

  /** `segment`: whose responses. */
  of(g: Generation, item: ItemIndex, segment: number): Plan {
    this.#plans[segment] ??= new Int32Array(this.#nItems)
    const known = this.#plans[segment][item]
    if (known !== 0 && isAsFound(g, this.numbers, known, item)) return known
    const plan = known === 0 ? this.#begin(this.#setOf(g, item)) : known
    this.#plans[segment][item] = plan
    this.#make(g, plan, item, segment)
    return plan
  }

  setOf(plan: Plan): TargetSet {
    return this.#sets[this.numbers[plan + PLAN.set]]
  }

  /** Where its moves begin in `numbers`, `PLANNED_NUMBERS` each. */
  movesOf(plan: Plan): number {
    return plan + PLAN_NUMBERS
  }

  /** `stackedBps`: share of the price that the basket's offer may still take off. */
  dropped(plan: Plan, stackedBps: number): Dropped {
    if (stackedBps === 0 && this.numbers[plan + PLAN.drops] === 0) return null
    const known = this.#dropped.get(plan) ?? new Map<number, Dropped>()
    this.#dropped.set(plan, known)
    let dropped = known.get(stackedBps)
    if (dropped === undefined) {
      dropped = this.#droppedOf(plan, stackedBps)
      known.set(stackedBps, dropped)
    }
    return dropped
  }

  #setOf(g: Generation, item: ItemIndex): number {
    if (this.#setOfItem[item] === 0) this.#setOfItem[item] = 1 + this.#findSet(g, item)
    return this.#setOfItem[item] - 1
  }

  /** Position of an item's set; there are as many as campaigns tell kinds of items apart. */
  #findSet(g: Generation, item: ItemIndex): number {
    const campaigns = this.#campaigns.filter((campaign) => targetsItem(campaign, item))
    const name = campaigns.map(({ position }) => position).join()
    const known = this.#named.get(name)
    if (known !== undefined) return known
    this.#named.set(name, this.#sets.length)
    return this.#sets.push(targetSet(g, campaigns)) - 1
  }

  /** Room for a plan that is not made yet. */
  #begin(set: number): Plan {
    const length = PLAN_NUMBERS + PLANNED_NUMBERS * this.#sets[set].moves.length
    if (this.#end + length > REMEMBERED) this.#forget()
    const plan = this.#end
    this.#end += length
    if (this.#end > this.numbers.length) this.#grow()
    this.numbers[plan + PLAN.set] = set
    return plan
  }

  #forget(): void {
    for (const plans of this.#plans) plans?.fill(0)
    this.#dropped.clear()
    this.#end = 1
  }

  #grow(): void {
    const larger = new Float64Array(2 * this.#end)
    larger.set(this.numbers)
    this.numbers = larger
  }

  #make(g: Generation, plan: Plan, item: ItemIndex, segment: number): void {
    const { moves } = this.setOf(plan)
    this.numbers[plan + PLAN.priceMinor] = g.live.priceMinor[item]
    this.numbers[plan + PLAN.priorPriceMinor] = g.live.priorPriceMinor[item]
    this.numbers[plan + PLAN.costMinor] = g.tables.catalogue.costMinor.view[item]
    this.numbers[plan + PLAN.largestDiscountMinor] = 0
    for (let m = 0; m < moves.length; m++) this.#planMove(g, plan, item, m, moves[m], segment)
    this.#dropped.delete(plan)
    this.numbers[plan + PLAN.drops] = Number(this.#droppedOf(plan, 0) !== null)
  }

  #droppedOf(plan: Plan, stackedBps: number): Dropped {
    const priceMinor = this.numbers[plan + PLAN.priceMinor]
    const dropped = this.setOf(plan).moves.map(({ on }, m) => {
      const discountMinor = this.numbers[this.movesOf(plan) + PLANNED_NUMBERS * m + PLANNED.discountMinor]
      const netMinor = priceMinor - discountMinor
      return priceGuard(this.#policy, on, {
        discountMinor,
        netMinor: stackedBps === 0 ? netMinor : netMinor - percentDiscount(netMinor, stackedBps),
        costMinor: this.numbers[plan + PLAN.costMinor],
        priceMinor,
        priorPriceMinor: this.numbers[plan + PLAN.priorPriceMinor],
      })
    })
    return dropped.every((reason) => reason === null) ? null : dropped
  }

  /** Fills in move `m`. */
  #planMove(
    g: Generation,
    plan: Plan,
    item: ItemIndex,
    m: number,
    { on, depth, logPrice }: ItemStep,
    segment: number,
  ): void {
    const { numbers } = this
    const priceMinor = numbers[plan + PLAN.priceMinor]
    const { elasticity, elasticitySe } = g.tables.prices
    const discountMinor = discountOf(depth, priceMinor)
    const ofPrice = logPrice ?? logPriceOf(discountMinor / priceMinor)
    const largest = plan + PLAN.largestDiscountMinor
    numbers[largest] = Math.max(numbers[largest], discountMinor)
    const moved = movedBy(g, on.curve, segment, elasticity.view[item], elasticitySe.view[item], ofPrice)
    const at = this.movesOf(plan) + PLANNED_NUMBERS * m
    numbers[at + PLANNED.discountMinor] = discountMinor
    numbers[at + PLANNED.oddsFactor] = moved.oddsFactor
    numbers[at + PLANNED.factorSe] = moved.factorSe
    numbers[at + PLANNED.borrowed] = moved.borrowed
    numbers[at + PLANNED.displaced] = moved.displaced
  }
}

function targetSet(g: Generation, campaigns: ItemCampaign[]): TargetSet {
  const steps = campaigns.flatMap((campaign) => campaign.steps)
  const firstOf = (campaign: ItemCampaign) => steps.indexOf(campaign.steps[0])
  const targets = campaigns.map((campaign) => ({
    campaign,
    first: firstOf(campaign),
    after: firstOf(campaign) + campaign.steps.length,
  }))
  const moves: ItemStep[] = []
  const known = new Map<string, number>()
  const moveOf = Int32Array.from(steps, (step) => {
    const name = JSON.stringify([step.depth, step.on.curve, step.on.marginFloorBps])
    const move = known.get(name) ?? moves.push(step) - 1
    known.set(name, move)
    return move
  })
  const positions = Int32Array.from(steps, ({ on }) => on.position)
  return { targets, steps, positions, moves, moveOf, logged: g.pieces.of(loggedSteps(steps)) }
}

/** Prices change while a snapshot serves. */
function isAsFound({ live }: Generation, numbers: Float64Array, plan: Plan, item: ItemIndex): boolean {
  return (
    live.priceMinor[item] === numbers[plan + PLAN.priceMinor] &&
    live.priorPriceMinor[item] === numbers[plan + PLAN.priorPriceMinor]
  )
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}
