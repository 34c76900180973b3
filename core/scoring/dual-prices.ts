/**
 * What one unit of a campaign's scarce resources is worth elsewhere. An action that takes δ off and is used with probability p, and
 * that adds Δm to the margin in the mean, is charged
 *
 *   budget         λ_b p δ
 *   stock          λ_s p                      of offers that may be given
 *   return floor   λ_r (r p δ − Δm)           over the whole campaign Σ Δm ≥ r Σ p δ
 *   together       (λ_b + r λ_r) p δ + λ_s p − λ_r Δm
 *
 * Source: the Lagrangian of the linear program in docs/allocation.md. Units: λ_b and λ_r minor units of margin for one, so none; λ_s minor
 * units of margin an offer that is used. Invariants: prices are finite and not negative; where all are 0 nothing is charged, to the bit.
 */
import type { Live } from './campaigns/compile.ts'

export const RESOURCES = ['budget', 'stock', 'return'] as const
export type Resource = (typeof RESOURCES)[number]

/** By position in the campaign file; 0: there is no such limit, or enough of it. */
export type DualPrices = Record<Resource, Float64Array>

/** Of `count` campaigns of which nothing is scarce. */
export function noPrices(count: number): DualPrices {
  return { budget: new Float64Array(count), stock: new Float64Array(count), return: new Float64Array(count) }
}

/** Whether nothing is scarce. */
export function areFree(prices: DualPrices): boolean {
  for (const resource of RESOURCES) for (const price of prices[resource]) if (price > 0) return false
  return true
}

/** λ_b + r λ_r of every campaign, into `perMinor`. */
export function pricePerMinor(all: Live[], { budget, return: returns }: DualPrices, perMinor: Float64Array): void {
  for (let p = 0; p < perMinor.length; p++) perMinor[p] = budget[p] + all[p].returnFloor * returns[p]
}

/** The resource that costs an action most, and null where none costs it anything. */
export function bindingResource(
  { position, returnFloor }: Live,
  prices: DualPrices,
  {
    expectedMinor,
    useProbability,
    marginMinor,
  }: { expectedMinor: number; useProbability: number; marginMinor: number },
): Resource | null {
  const uses = { budget: expectedMinor, stock: useProbability, return: returnFloor * expectedMinor - marginMinor }
  let binding: Resource | null = null
  let most = 0
  for (const resource of RESOURCES) {
    const charge = prices[resource][position] * uses[resource]
    if (charge <= most) continue
    most = charge
    binding = resource
  }
  return binding
}
