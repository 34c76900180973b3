/**
 * Qini coefficient of a predicted uplift on a randomised trial (Radcliffe, 2007), in scikit-uplift's normalisation.
 * Cases are treated from the largest prediction down; after the first k, of whom N_t were treated and N_c were not,
 *
 *   Q(k) = Y_t − Y_c · N_t / N_c   (Y_t where N_c = 0)
 *   qini = (area(Q) − diagonal) / (area(perfect Q) − diagonal)
 *
 * with trapezoids between the ends of runs of equal predictions, so that the order within a run does not matter. `diagonal` is
 * the area under the line to Q(n), and `perfect` orders by y·t − y·(1 − t). 1 is perfect for yes-or-no outcomes, 0 is no
 * better than treating at random. NaN where the perfect order has no area either.
 */

/** By case: `outcome` any number, `treated` 1 or 0. */
export interface Trial {
  outcome: Float64Array
  treated: Uint8Array
}

export interface QiniCurve {
  /** Cases taken so far, from 0. */
  cases: number[]
  gain: number[]
}

export function qini(trial: Trial, predicted: Float64Array): number {
  const { outcome, treated } = trial
  const perfect = qiniCurve(
    trial,
    outcome.map((y, i) => (treated[i] === 1 ? y : -y)),
  )
  const diagonal = (outcome.length * perfect.gain[perfect.gain.length - 1]) / 2
  return (area(qiniCurve(trial, predicted)) - diagonal) / (area(perfect) - diagonal)
}

export function qiniCurve({ outcome, treated }: Trial, predicted: Float64Array): QiniCurve {
  const order = Uint32Array.from(predicted.keys()).sort((a, b) => predicted[b] - predicted[a])
  const curve: QiniCurve = { cases: [0], gain: [0] }
  const sum = { treated: 0, control: 0, outcomeTreated: 0, outcomeControl: 0 }
  for (let k = 0; k < order.length; k++) {
    const i = order[k]
    if (treated[i] === 1) {
      sum.treated++
      sum.outcomeTreated += outcome[i]
    } else {
      sum.control++
      sum.outcomeControl += outcome[i]
    }
    if (k + 1 < order.length && predicted[order[k + 1]] === predicted[i]) continue
    curve.cases.push(k + 1)
    curve.gain.push(sum.outcomeTreated - (sum.control === 0 ? 0 : (sum.outcomeControl * sum.treated) / sum.control))
  }
  return curve
}

function area({ cases, gain }: QiniCurve): number {
  let sum = 0
  for (let at = 1; at < cases.length; at++) sum += ((cases[at] - cases[at - 1]) * (gain[at] + gain[at - 1])) / 2
  return sum
}
