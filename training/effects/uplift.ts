/**
 * What a treatment does on average, and whether features predict for whom it does more: the Qini coefficient on halves that
 * were not learned from. There is a signal where the 2.5th percentile of Qini over the splits is above 0.
 */

import { OfferwrightError } from '../../core/contract/errors.ts'
import { ArmTally, differenceOfMeans } from '../../core/evaluation/effect.ts'
import { qini } from '../../core/evaluation/qini.ts'
import { sampleRatio } from '../../core/evaluation/sample-ratio.ts'
import { APART_RIDGES, type Cases, chooseApart, fitArms, heldOutFolds, meanAndDeviation, predictArm } from './arms.ts'
import {
  armNamed,
  casesOf,
  halvesOf,
  readTrial,
  rowsOfArms,
  type TrialColumns,
  type TrialTable,
} from './trial-table.ts'

export interface UpliftOptions extends TrialColumns {
  treated: string
  control: string
  /** Planned shares of all arms by name; absent: equal. */
  shares: Record<string, number> | null
  splits: number
  seed: number
  onProgress?: (done: number) => void
}

export interface QiniOverSplits {
  mean: number
  deviation: number
  low: number
  high: number
}

export interface UpliftResult {
  rows: number
  effect: number
  standardError: number
  meanTreated: number
  meanControl: number
  sampleRatio: { counts: Record<string, number>; chiSquare: number; p: number }
  /** Of the model that cross-validation chose in each training half. */
  qini: QiniOverSplits
  models: Record<'two_models' | 'chosen' | 'random', QiniOverSplits>
  /** Splits in which each strength of the ridge between the arms was chosen. */
  chosen: Record<string, number>
  /**
   * Slope of observed on predicted uplift over all test halves; 1 is calibrated, and so is what predicts the same for all, told as 0. Predictions are drawn to their mean by the slope that
   * folds of the training half have, from 0 to 1; `asLearned`: without that.
   */
  calibrationSlope: number
  asLearned: { calibrationSlope: number }
  signal: boolean
}

export async function evaluateUplift(options: UpliftOptions): Promise<UpliftResult> {
  const trial = await readTrial(options)
  const arms = [armNamed(trial, options.control, 'control'), armNamed(trial, options.treated, 'treated')]
  if (arms[0] === arms[1])
    throw new OfferwrightError('invalid_value', `invalid treated: ${options.treated} is the control too`, {
      field: 'treated',
      value: options.treated,
    })
  const rows = rowsOfArms(trial, arms)
  const scores: Record<'two_models' | 'chosen' | 'random', number[]> = { two_models: [], chosen: [], random: [] }
  const chosen: Record<string, number> = Object.fromEntries(APART_RIDGES.map((apart) => [apart, 0]))
  const calibrated = new Calibration()
  const asLearned = new Calibration()
  for (let split = 0; split < options.splits; split++) {
    const [train, test] = casesOf(trial, arms, ...halvesOf(rows, options.seed, split))
    const apart = chooseApart(train, (held, predicted) => qiniOf(held, upliftOf(predicted)))
    chosen[apart]++
    const uplift = (ridge: number) => {
      const model = fitArms(train, ridge)
      return upliftOf([0, 1].map((arm) => predictArm(test.design, model, arm)))
    }
    const baseline = uplift(APART_RIDGES[0])
    const own = apart === APART_RIDGES[0] ? baseline : uplift(apart)
    scores.two_models.push(qiniOf(test, baseline))
    scores.chosen.push(qiniOf(test, own))
    scores.random.push(
      qiniOf(
        test,
        baseline.map((_, i) => (Math.imul(i + 1, 2_654_435_761) >>> 0) / 2 ** 32),
      ),
    )
    asLearned.add(test, own)
    calibrated.add(test, drawnToMean(own, slopeOfFolds(train, apart)))
    options.onProgress?.(split + 1)
  }
  const models = {
    two_models: overSplits(scores.two_models),
    chosen: overSplits(scores.chosen),
    random: overSplits(scores.random),
  }
  return {
    rows: rows.length,
    ...averageEffect(trial, arms),
    sampleRatio: ratioOfArms(trial, options.shares),
    qini: models.chosen,
    models,
    chosen,
    calibrationSlope: calibrated.slope,
    asLearned: { calibrationSlope: asLearned.slope },
    signal: models.chosen.low > 0,
  }
}

function upliftOf([control, treated]: Float64Array[]): Float64Array {
  return treated.map((value, i) => value - control[i])
}

function qiniOf({ arm, outcome }: Cases, predicted: Float64Array): number {
  return qini({ outcome, treated: arm }, predicted)
}

/** Percentiles by linear interpolation, as NumPy's. */
function overSplits(values: number[]): QiniOverSplits {
  const ascending = [...values].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (ascending.length - 1)
    const below = Math.floor(place)
    const above = Math.min(ascending.length - 1, below + 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])
  }
  return { ...meanAndDeviation(values), low: at(0.025), high: at(0.975) }
}

/** What noise in a model makes too wide, seen on cases that it was not learned from. */
function slopeOfFolds(train: Cases, apart: number): number {
  const calibration = new Calibration()
  for (const { held, predicted } of heldOutFolds(train, apart)) calibration.add(held, upliftOf(predicted))
  return Math.min(1, Math.max(0, calibration.slope))
}

function drawnToMean(uplift: Float64Array, slope: number): Float64Array {
  const mean = meanOf(uplift)
  return uplift.map((value) => mean + slope * (value - mean))
}

/** Least squares of y t / e − y (1 − t) / (1 − e) on the prediction, within each part that is added; e: the share treated. */
class Calibration {
  #cross = 0
  #squares = 0

  add({ arm, outcome }: Cases, uplift: Float64Array): void {
    const share = arm.reduce((sum, treated) => sum + treated, 0) / arm.length
    const mean = meanOf(uplift)
    for (let i = 0; i < uplift.length; i++) {
      const observed = arm[i] === 1 ? outcome[i] / share : -outcome[i] / (1 - share)
      this.#cross += (uplift[i] - mean) * observed
      this.#squares += (uplift[i] - mean) ** 2
    }
  }

  get slope(): number {
    return this.#squares === 0 ? 0 : this.#cross / this.#squares
  }
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function averageEffect({ armOf, outcome }: TrialTable, [control, treated]: number[]) {
  const tallies = [new ArmTally(), new ArmTally()]
  armOf.forEach((arm, row) => {
    if (arm === control) tallies[0].add(outcome[row])
    if (arm === treated) tallies[1].add(outcome[row])
  })
  return { ...differenceOfMeans(tallies[1], tallies[0]), meanTreated: tallies[1].mean, meanControl: tallies[0].mean }
}

function ratioOfArms({ arms, armOf }: TrialTable, planned: Record<string, number> | null) {
  const counts = new Array<number>(arms.length).fill(0)
  for (const arm of armOf) counts[arm]++
  const shares = arms.map((name) => planned?.[name] ?? 1)
  const total = shares.reduce((sum, share) => sum + share, 0)
  const ratio = sampleRatio(
    counts,
    shares.map((share) => share / total),
  )
  return { counts: Object.fromEntries(arms.map((name, arm) => [name, counts[arm]])), ...ratio }
}
