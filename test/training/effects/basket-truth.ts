/** Choices of tiers in a shop whose answer to them is known, drawn from a seed by a policy that favours those who buy anyway. */
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import type { BasketRows } from '../../../training/effects/basket-impressions.ts'
import { basketOf } from '../../../training/effects/logged-baskets.ts'

export const MODEL = { meanOrderMinor: 3000, elasticity: -2 }
/** Shares of the thresholds: t is 0.21, 0.45 and 0.71. */
const TIERS: [threshold: number, reward: number][] = [
  [3000, 300],
  [5000, 1000],
  [8000, 2400],
]
const CAMPAIGN = { campaign: 'full', mechanism: 'spend_threshold' }

export interface BasketTruth {
  choices: number
  seed: number
  show: number
  slope: number
}

export function drawnBaskets({ choices, seed, show, slope }: BasketTruth): BasketRows {
  const next = splitMix32(seed)
  const uniform = () => (next() + 0.5) / 2 ** 32
  const rows: { subject: number; campaign: number; tier: ReturnType<typeof basketOf>['tiers'][0]; reached: boolean }[] =
    []
  for (let choice = 0; choice < choices; choice++) {
    const subject = Math.floor(choice / 4)
    // What the policy knows and what is learned does not: every other shopper buys more.
    const base = subject % 2 === 0 ? 0.4 : -0.4
    const cartMinor = Math.floor(2500 * uniform())
    const none = base > 0 ? 0.25 : 0.7
    const probabilities = [none, ...TIERS.map(() => (1 - none) / TIERS.length)]
    const draw = uniform()
    const drawn = draw < none ? -1 : Math.min(TIERS.length - 1, Math.floor((draw - none) / probabilities[1]))
    const tiers = TIERS.map(([threshold, reward]): [number, number, number] => [
      threshold,
      reward,
      threshold - cartMinor,
    ])
    const [thresholdMinor, rewardMinor] = tiers[drawn] ?? [0, 0]
    const basketOffer = drawn < 0 ? null : { ...CAMPAIGN, thresholdMinor, rewardMinor }
    const logged = basketOf({ basketOffer }, { actions: ['full#0-2'], probabilities }, tiers)
    // One draw for all tiers: a cart that reaches the highest reaches the others.
    const luck = uniform()
    for (const tier of logged.tiers) {
      const reach = -Math.log(Math.expm1(tier.missingMinor / MODEL.meanOrderMinor))
      const t = MODEL.elasticity * Math.log(1 - tier.rewardMinor / tier.thresholdMinor)
      const odds = -0.8 + base + 0.7 * reach + (drawn < 0 ? 0 : show + slope * t)
      rows.push({ subject, campaign: drawn < 0 ? -1 : 0, tier, reached: luck < 1 / (1 + Math.exp(-odds)) })
    }
  }
  const numbers = (of: (row: (typeof rows)[0]) => number) => Float64Array.from(rows, of)
  return {
    subject: Uint32Array.from(rows, ({ subject }) => subject),
    nSubjects: Math.ceil(choices / 4),
    timeMs: numbers(() => 0),
    campaign: Int32Array.from(rows, ({ campaign }) => campaign),
    thresholdMinor: numbers(({ tier }) => tier.thresholdMinor),
    rewardMinor: numbers(({ tier }) => tier.rewardMinor),
    missingMinor: numbers(({ tier }) => tier.missingMinor),
    weight: numbers(({ tier }) => tier.weight),
    reached: Uint8Array.from(rows, ({ reached }) => (reached ? 1 : 0)),
    campaigns: [{ id: 'full', mechanism: 'spend_threshold' }],
  }
}
