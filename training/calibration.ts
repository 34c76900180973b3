/**
 * From a score to a probability: p0 = 1 / (1 + e^−(intercept + slope · ln max(score, 10⁻⁴))).
 *
 * p0 is the probability that a shopper who is shown this item buys it within the window (7 days) after the visit.
 * It is fitted on held-out time: models learn from the events before a cut; shoppers who come back after it are
 * answered at their first visit as the server would have answered; an answer's item is a positive when that shopper
 * buys it within the window.
 */

import { emptyLiveShopper } from '../core/contract/live.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { itemIndexOf, shopperKeyOf } from '../core/scoring/keys.ts'
import { recommend } from '../core/scoring/recommend.ts'
import type { Logistic, ModelParameters } from '../core/snapshot/manifest.ts'
import type { Visit } from './evaluation/visits.ts'
import { fitLogistic, logOdds, probability } from './logistic.ts'

/** Used where the data has too few positives: an item of score .1 is bought by about 4 % and 1 % of those who see it. */
export const UNCALIBRATED: ModelParameters['calibration'] = {
  history: { intercept: -2, slope: 0.5 },
  popular: { intercept: -3.5, slope: 0.5 },
}

export const LEAST_SCORE = 1e-4
const LEAST_POSITIVES = 20

export interface Sample {
  /** ln max(score, 10⁻⁴) */
  logScores: number[]
  labels: number[]
}

/** What the server would have shown at each visit, `depth` items deep; `personal` false: by popularity. */
export function sampleAnswers(g: Generation, visits: Visit[], depth: number, personal: boolean): Sample {
  const sample: Sample = { logScores: [], labels: [] }
  for (const { shopper, bought } of visits) {
    const request = { shopper: shopperKeyOf(g, shopper), slots: depth, personalise: personal }
    const answer = recommend(g, request, emptyLiveShopper())
    if (answer.personalised !== personal) continue
    for (const { item, score } of answer.items) {
      sample.logScores.push(Math.log(Math.max(score, LEAST_SCORE)))
      sample.labels.push(bought.has(itemIndexOf(g, item)) ? 1 : 0)
    }
  }
  return sample
}

export interface Calibrated {
  logistic: Logistic
  metrics: { answers: number; positives: number; logLoss: number; fitted: number }
}

/** A score that foretells nothing gets the mean rate; one with too few positives `fallback`. */
export function calibrate({ logScores, labels }: Sample, fallback: Logistic): Calibrated {
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const enough = positives >= LEAST_POSITIVES && positives < labels.length
  const logistic = enough ? risingFit(logScores, labels) : fallback
  return {
    logistic,
    metrics: {
      answers: labels.length,
      positives,
      logLoss: labels.length === 0 ? 0 : logLoss(logistic, logScores, labels),
      fitted: enough ? 1 : 0,
    },
  }
}

function risingFit(logScores: number[], labels: number[]): Logistic {
  const fit = fitLogistic(logScores, labels)
  return fit.slope >= 0 ? fit : { intercept: logOdds(labels), slope: 0 }
}

function logLoss(logistic: Logistic, logScores: number[], labels: number[]): number {
  let loss = 0
  for (let i = 0; i < labels.length; i++) {
    const p = probability(logistic, logScores[i])
    loss -= Math.log(labels[i] === 1 ? p : 1 - p)
  }
  return loss / labels.length
}
