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
import { priceGuard } from './guards.ts'
import { loggedSteps } from './logged.ts'
import { logPriceOf, movedBy } from './response.ts'

/** Moves that are remembered, 40 bytes each; past that all plans are forgotten and made again when they are asked for. */
const REMEMBERED_MOVES = 500_000
const FIRST_MOVES = 4096
/** Of a move, in this order: minor units off, then `Moved`. They stand together, as an item's are read together. */
export const PLANNED = { discountMinor: 0, oddsFactor: 1, factorSe: 2, borrowed: 3, displaced: 4 } as const
export const PLANNED_NUMBERS = 5

/** By move, the guard of prices that drops it; null: none is dropped. */
export type Dropped = (OfferReason | null)[] | null

export interface ItemPlan {
  priceMinor: number
  priorPriceMinor: number
  /** -1: unknown. */
  costMinor: number
  set: TargetSet
  /** Where its moves begin in the numbers of `ItemPlans`, `PLANNED_NUMBERS` each. */
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
  /** The first step of each move. */
  moves: ItemStep[]
  /** By step, its move. */
  moveOf: Int32Array
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
  numbers = new Float64Array(PLANNED_NUMBERS * FIRST_MOVES)
  readonly #campaigns: ItemCampaign[]
  readonly #policy: PromotionPolicy
  readonly #plans = new Map<number, ItemPlan>()
  readonly #sets: TargetSet[] = []
  /** Names of sets to their positions. */
  readonly #named = new Map<string, number>()
  /** By item, the position of its set and 1; 0: not looked up yet. */
  readonly #setOfItem: Int32Array
  #nMoves = 0

  constructor(campaigns: ItemCampaign[], policy: PromotionPolicy, nItems: number) {
    this.#campaigns = campaigns
    this.#policy = policy
    this.#setOfItem = new Int32Array(nItems)
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

  #setOf(g: Generation, item: ItemIndex): TargetSet {
    if (this.#setOfItem[item] === 0) this.#setOfItem[item] = 1 + this.#findSet(g, item)
    return this.#sets[this.#setOfItem[item] - 1]
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

  /** A plan that is not made yet, and room for its moves. */
  #begin(set: TargetSet): ItemPlan {
    const n = set.moves.length
    if (this.#nMoves + n > REMEMBERED_MOVES) {
      this.#plans.clear()
      this.#nMoves = 0
    }
    const at = PLANNED_NUMBERS * this.#nMoves
    this.#nMoves += n
    if (PLANNED_NUMBERS * this.#nMoves > this.numbers.length) this.#grow()
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
    const larger = new Float64Array(2 * PLANNED_NUMBERS * this.#nMoves)
    larger.set(this.numbers)
    this.numbers = larger
  }

  #make(g: Generation, plan: ItemPlan, item: ItemIndex, segment: number): void {
    const { moves } = plan.set
    plan.priceMinor = g.live.priceMinor[item]
    plan.priorPriceMinor = g.live.priorPriceMinor[item]
    plan.costMinor = g.tables.catalogue.costMinor.view[item]
    plan.largestDiscountMinor = 0
    for (let m = 0; m < moves.length; m++)
      this.#planMove(g, plan, item, moves[m], plan.at + PLANNED_NUMBERS * m, segment)
    plan.droppedUnder.clear()
    plan.dropped = this.#droppedOf(plan, 0)
  }

  #droppedOf(plan: ItemPlan, stackedBps: number): Dropped {
    const { set, at, costMinor, priceMinor, priorPriceMinor } = plan
    const dropped = set.moves.map(({ on }, m) => {
      const discountMinor = this.numbers[at + PLANNED_NUMBERS * m + PLANNED.discountMinor]
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

  /** Fills in one move. */
  #planMove(
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
function isAsFound({ live }: Generation, plan: ItemPlan, item: ItemIndex): boolean {
  return live.priceMinor[item] === plan.priceMinor && live.priorPriceMinor[item] === plan.priorPriceMinor
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}
