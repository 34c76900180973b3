/** Impressions of a shop whose response to offers is known, drawn from a seed. */
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { NO_OFFER, type ResponseRows } from '../../../training/effects/response-rows.ts'

export interface ResponseTruth {
  rows: number
  shoppers: number
  seed: number
  /** Log-odds of buying without an offer on top of the offset. */
  base?: number
  /** What each share of 1 taken off others of the category, and the list price's move, add to the log-odds. */
  rivals?: number
  listed?: number
  /** Noise features besides the one that the group is in. */
  noise?: number
  /** Of the shoppers whose first feature is 0, and 1: what being shown an offer and t add to the log-odds. */
  show: [number, number]
  slope: [number, number]
}

export const DEPTHS = [0.05, 0.1, 0.2, 0.3]

export function drawnRows({ rows, shoppers, seed, ...truth }: ResponseTruth): ResponseRows {
  const { base = 0.2, noise = 2, rivals = 0, listed = 0, show, slope } = truth
  const next = splitMix32(seed)
  const uniform = () => (next() + 0.5) / 2 ** 32
  const names = ['group', ...Array.from({ length: noise }, (_, f) => `noise ${f}`)]
  const values = Float64Array.from({ length: shoppers * names.length }, (_, i) =>
    i % names.length === 0 ? (uniform() < 0.5 ? 0 : 1) : uniform(),
  )
  const drawn: ResponseRows = {
    shopper: new Uint32Array(rows),
    campaign: new Int32Array(rows).fill(NO_OFFER),
    discount: new Float64Array(rows),
    elasticity: new Float64Array(rows),
    offset: new Float64Array(rows),
    timeMs: Float64Array.from({ length: rows }, (_, row) => row * 1000),
    listed: new Float64Array(rows),
    rivals: new Float64Array(rows),
    nRivals: new Uint16Array(rows),
    category: new Uint32Array(rows),
    weight: new Float64Array(rows).fill(1),
    bought: new Uint8Array(rows),
    campaigns: [
      { id: 'spring', mechanism: 'coupon' },
      { id: 'autumn', mechanism: 'coupon' },
    ],
    mechanisms: ['coupon', 'time_limited'],
    features: { nShoppers: shoppers, names, values },
  }
  for (let row = 0; row < rows; row++) {
    const shopper = Math.floor(uniform() * shoppers)
    const group = values[shopper * names.length]
    const isOffered = uniform() < 0.5
    const discount = isOffered ? DEPTHS[Math.floor(uniform() * DEPTHS.length)] : 0
    const elasticity = -1 - 3 * uniform()
    const offset = -3 + 2 * uniform()
    const t = elasticity * Math.log(1 - discount)
    // Drawn only where they do something, so that other rows stay as they are.
    if (rivals !== 0) drawn.rivals[row] = 0.6 * uniform()
    if (listed !== 0) drawn.listed[row] = uniform() - 0.5
    const beside = rivals * drawn.rivals[row] + listed * drawn.listed[row]
    const logOdds = offset + base + beside + (isOffered ? show[group] + slope[group] * t : 0)
    drawn.shopper[row] = shopper
    if (isOffered) drawn.campaign[row] = uniform() < 0.5 ? 0 : 1
    drawn.discount[row] = discount
    drawn.elasticity[row] = elasticity
    drawn.offset[row] = offset
    drawn.bought[row] = uniform() < 1 / (1 + Math.exp(-logOdds)) ? 1 : 0
  }
  return drawn
}
