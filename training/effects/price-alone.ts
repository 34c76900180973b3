/**
 * Whether the log says more of a mechanism than that it moves the odds as its price does. Until it does, doubt about what was
 * learned would only keep offers back, so the price alone is what serving goes by.
 *
 *   gain = Σ_offered weight (ln P(bought | base + show + slope t) − ln P(bought | base + t))
 *
 * learned on four folds of shoppers and summed over the fifth, in turn; 95 % interval from the sums of single shoppers, those
 * of an impression where nobody is known.
 */
import { NO_INDEX } from '../duckdb.ts'
import { PERIODS } from './records.ts'
import type { LearnedResponse } from './response.ts'
import { fittedProbabilities, total } from './response-cells.ts'
import { fitResponse } from './response-fit.ts'
import { fitRows, NO_OFFER, type ResponseRows } from './response-rows.ts'
import { ResponseShape } from './response-shape.ts'
import { FOLDS, foldOf } from './segments.ts'

export interface MechanismGain {
  mechanism: string
  /** Per offer, with its 95 % interval; all 0 where there were no offers. */
  gain: number
  interval: [low: number, high: number]
}

interface Learned extends Pick<LearnedResponse, 'fitted' | 'unit'> {
  segmentation: Pick<LearnedResponse['segmentation'], 'without'>
}

export function gainsOverPriceAlone(rows: ResponseRows, { segmentation, fitted, unit }: Learned): MechanismGain[] {
  const { mechanisms, campaigns } = rows
  const mechanismOf = campaigns.map(({ mechanism }) => mechanisms.indexOf(mechanism))
  const fold = Uint8Array.from(unit, (own, row) => foldOf(own === NO_INDEX ? row : own, PERIODS))
  const gain = new Float64Array(rows.bought.length)
  for (const on of FOLDS) {
    const { index, segment } = segmentation.without[on]
    const shape = new ResponseShape(index, mechanisms.length, mechanismOf)
    const all = fitRows(
      rows,
      unit.map((own) => (own === NO_INDEX ? 0 : segment[own])),
      fitted.offset,
    )
    const { parameters } = fitResponse(all, shape, (row) => fold[row] !== on)
    const learned = fittedProbabilities(all, shape, parameters)
    for (let row = 0; row < gain.length; row++) {
      if (fold[row] !== on || rows.campaign[row] === NO_OFFER) continue
      const base = total(parameters, shape.base(all.segment[row]))
      const byPrice = 1 / (1 + Math.exp(-(all.offset[row] + base + all.priceMove[row])))
      gain[row] = rows.weight[row] * (logOf(learned[row], rows.bought[row]) - logOf(byPrice, rows.bought[row]))
    }
  }
  return mechanisms.map((mechanism, m) => ({ mechanism, ...meanGain(rows, gain, (c) => mechanismOf[c] === m) }))
}

function logOf(p: number, bought: number): number {
  return Math.log(bought === 1 ? p : 1 - p)
}

function meanGain(
  { shopper, campaign, features }: ResponseRows,
  gain: Float64Array,
  isOwn: (campaign: number) => boolean,
): Omit<MechanismGain, 'mechanism'> {
  const byShopper = new Float64Array(features.nShoppers)
  let [offers, sum, squares] = [0, 0, 0]
  for (let row = 0; row < gain.length; row++) {
    if (campaign[row] === NO_OFFER || !isOwn(campaign[row])) continue
    offers++
    sum += gain[row]
    if (shopper[row] === NO_INDEX) squares += gain[row] ** 2
    else byShopper[shopper[row]] += gain[row]
  }
  for (const each of byShopper) squares += each ** 2
  const n = Math.max(1, offers)
  return { gain: sum / n, interval: [(sum - 1.96 * Math.sqrt(squares)) / n, (sum + 1.96 * Math.sqrt(squares)) / n] }
}
