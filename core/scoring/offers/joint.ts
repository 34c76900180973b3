/**
 * Items and the basket's offer in one decision. While a cart is below a tier, an item that carries it over the tier is worth
 * more to show: whoever buys it also gets the reward R.
 *
 *   gain_i = p_i ((1 − b)(P_i − c_i) − R) − p0_i (P_i − c_i) − z · se − what is charged, not below 0,   p_i: odds of i moved as by a reduction of R / P_i
 *   V(tier) = Σ over the k best of (p0_i m̄ + gain_i)  −  Σ over the k best without it of p0_i m̄
 *
 * m̄ is the mean margin of the pool, so that items without a gain keep their order. The tier is chosen by its own value and
 * V; under the chosen tier an item scores what an item of probability p0_i + gain_i / m̄ would.
 */
import type { BasketOffer, OfferReason } from '../../contract/answers.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { BPS } from '../../contract/money.ts'
import type { CartLine } from '../../contract/requests.ts'
import type { Logistic } from '../../snapshot/manifest.ts'
import type { BasketStep, CompiledCampaigns } from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import type { Best, Picked } from '../diversity.ts'
import type { Allowed } from '../filter.ts'
import type { Raise } from '../rank.ts'
import type { Reason } from '../reasons.ts'
import { purchaseProbability, scoreAt } from '../score.ts'
import { type Choice, type Choosing, closed } from './actions.ts'
import { basketOffer, type OpenTier, offerForBasket } from './basket.ts'
import { barredAt, take } from './guards.ts'
import { keptBasketOffer } from './kept.ts'
import { logPriceOf } from './response.ts'
import { actionValue } from './weighing.ts'

/** Best items that may be raised over others. */
const POOL = 200

/** The basket's side of one decision: chosen while items are ranked, where they depend on each other, else after. */
export class JointBasket {
  choice!: Choice<BasketStep>
  offer: BasketOffer | null = null
  /** Absent where no tier can change the order of items. */
  readonly raise: Raise | undefined
  readonly #choosing: Choosing
  readonly #campaigns: CompiledCampaigns
  readonly #cart: CartLine[]
  readonly #k: number
  readonly #draw: number
  readonly #barred: OfferReason | null
  #settled = false
  /** The tier that the shopper is promised, and has not reached. */
  #promised: OpenTier | null = null
  readonly #gains = new Map<ItemIndex, number>()

  constructor(
    choosing: Choosing,
    campaigns: CompiledCampaigns,
    cart: CartLine[],
    k: number,
    draw: number,
    barred: OfferReason | null,
  ) {
    this.#choosing = choosing
    this.#campaigns = campaigns
    this.#cart = cart
    this.#k = k
    this.#draw = draw
    this.#barred = barred
    const depends =
      barred === null && cart.length > 0 && campaigns.onBasket.length > 0 && campaigns.policy.ranking === 'joint'
    this.raise = depends ? (best, allowed, calibration) => this.#raised(best, allowed, calibration) : undefined
  }

  /** Chooses, where ranking has not. */
  settle(): void {
    if (!this.#settled) this.#choose(() => 0)
  }

  /** What the basket's offer may still take off an item, as a share of its price in basis points, rounded up. */
  stackedBps(item: ItemIndex): number {
    if (this.#promised === null) return 0
    const { on, tier } = this.#promised.step
    return targetsItem(on, item) ? Math.ceil((tier.rewardMinor * BPS) / tier.thresholdMinor) : 0
  }

  reasons(item: ItemIndex): Reason[] {
    if (this.#promised === null || !this.#gains.get(item)) return NO_REASONS
    return [{ code: 'reaches_threshold', campaign: this.#promised.step.on.id }]
  }

  #raised(best: Best, allowed: Allowed, calibration: Logistic): Best {
    const pool = new JointPool(this.#choosing, calibration, best, allowed, this.#k, this.#gains)
    this.#choose((tier) => pool.gainOf(tier))
    return this.#promised === null || calibration.slope <= 0 ? best : pool.raised(best, this.#promised)
  }

  #choose(gainOf: (tier: OpenTier) => number): void {
    this.#settled = true
    const { g, guards, policy } = this.#choosing
    const cart = this.#cart
    if (this.#barred !== null) {
      this.choice = closed(this.#barred)
      return
    }
    const isPersonal = policy.prices === 'personal'
    const kept = isPersonal ? keptBasketOffer(g, this.#campaigns, guards.live, cart) : null
    if (kept !== null) {
      this.choice = closed('kept')
      this.offer = kept.offer
      this.#promised = kept.open
      return
    }
    const { onBasket, all } = this.#campaigns
    const barred = barredAt(g, guards, onBasket, all.length)
    this.choice = offerForBasket(this.#choosing, this.#campaigns, barred, this.#draw, cart, gainOf)
    const { step, discountMinor } = this.choice
    if (step === null) return
    take(guards, step.on, discountMinor)
    this.offer = basketOffer(g, step, cart, guards.time)
    this.#promised = { step, missingMinor: this.offer.missingMinor }
  }
}

const NO_REASONS: Reason[] = []

/** The pool of an answer: its best items before any tier is thought of. */
export class JointPool {
  readonly #choosing: Choosing
  readonly #calibration: Logistic
  readonly #picked: Picked
  /** Under the tier that is promised. */
  readonly #gains: Map<ItemIndex, number>
  readonly #k: number
  readonly #meanMargin: number

  constructor(
    choosing: Choosing,
    calibration: Logistic,
    best: Best,
    allowed: Allowed,
    k: number,
    gains: Map<ItemIndex, number>,
  ) {
    this.#choosing = choosing
    this.#calibration = calibration
    this.#picked = best(Math.max(k, POOL), allowed)
    this.#gains = gains
    this.#k = k
    this.#meanMargin = this.#marginOfPool()
  }

  /** V(tier), in minor units. */
  gainOf(tier: OpenTier): number {
    const { items, scores } = this.#picked
    const plain = scores.map((score) => this.#probability(score) * this.#meanMargin)
    const values = items.map((item, i) => plain[i] + itemGain(this.#choosing, tier, item, this.#probability(scores[i])))
    return sumOfLargest(values, this.#k) - sumOfLargest(plain, this.#k)
  }

  /** The best items where `tier` is promised. */
  raised(best: Best, tier: OpenTier): Best {
    return (n, allowed) => {
      const { items, scores } = best(Math.max(n, POOL), allowed)
      const ranked = items
        .map((item, i) => ({ item, score: this.#raisedScore(tier, item, scores[i]) }))
        .sort((a, b) => b.score - a.score || a.item - b.item)
        .slice(0, n)
      return { items: ranked.map(({ item }) => item), scores: ranked.map(({ score }) => score) }
    }
  }

  #raisedScore(tier: OpenTier, item: ItemIndex, score: number): number {
    const probability = this.#probability(score)
    const gain = itemGain(this.#choosing, tier, item, probability)
    this.#gains.set(item, gain)
    if (gain === 0) return score
    const raised = Math.min(LARGEST_PROBABILITY, probability + gain / this.#meanMargin)
    return Math.max(score, scoreAt(this.#calibration, raised, this.#choosing.shopper.base))
  }

  #probability(score: number): number {
    return purchaseProbability(this.#calibration, score, this.#choosing.shopper.base)
  }

  #marginOfPool(): number {
    const { g } = this.#choosing
    const margins = this.#picked.items.map((item) => marginOf(this.#choosing, item)).filter((margin) => margin > 0)
    return margins.length === 0 || g.nItems === 0
      ? 1
      : margins.reduce((sum, margin) => sum + margin, 0) / margins.length
  }
}

const LARGEST_PROBABILITY = 1 - 1e-9

/** What promising the tier wins by showing this item; 0 where the item does not carry the cart over it. */
export function itemGain(choosing: Choosing, { step, missingMinor }: OpenTier, item: ItemIndex, p0: number): number {
  const { g } = choosing
  const priceMinor = g.live.priceMinor[item]
  const marginMinor = marginOf(choosing, item)
  if (priceMinor < missingMinor || marginMinor <= 0 || !targetsItem(step.on, item)) return 0
  const { elasticity, elasticitySe } = g.tables.prices
  const { rewardMinor } = step.tier
  return Math.max(
    0,
    actionValue(choosing, step, rewardMinor, logPriceOf(rewardMinor / priceMinor), {
      unitMarginMinor: marginMinor,
      probability: p0,
      elasticity: elasticity.view[item],
      elasticitySe: elasticitySe.view[item],
      rivalMinor: 0,
    }),
  )
}

/** Price less cost; 0 where the cost is not known. */
function marginOf({ g }: Choosing, item: ItemIndex): number {
  const costMinor = g.tables.catalogue.costMinor.view[item]
  return costMinor < 0 ? 0 : g.live.priceMinor[item] - costMinor
}

function sumOfLargest(values: number[], k: number): number {
  return [...values]
    .sort((a, b) => b - a)
    .slice(0, k)
    .reduce((sum, value) => sum + value, 0)
}
