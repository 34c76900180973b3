/** A randomised trial in somebody's table: who got which arm, what came of it, and what was known before. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { splitMix32 } from '../../core/evaluation/bootstrap.ts'
import { type ColumnTable, readColumns } from '../evaluation/column-table.ts'
import type { Cases } from './arms.ts'
import { learnEncoder } from './features.ts'
import type { Link } from './logistic.ts'

export interface TrialColumns {
  data: string
  treatment: string
  outcome: string
  features: string[]
}

export interface TrialTable {
  table: ColumnTable
  features: string[]
  /** Names of all arms, in order of their first row, and each row's. */
  arms: string[]
  armOf: Uint32Array
  outcome: Float64Array
  /** `logistic` where every outcome is 0 or 1. */
  link: Link
}

const LEAST_CASES = 50
/** Splits of one seed, at most; the next seed's begin behind them. */
const MOST_SPLITS = 10_000

export async function readTrial(
  { data, treatment, outcome, features }: TrialColumns,
  also: string[] = [],
): Promise<TrialTable> {
  if (features.includes(treatment) || features.includes(outcome))
    throw new OfferwrightError('invalid_value', 'invalid features: neither treatment nor outcome may be one', {
      field: 'features',
      value: features.join(','),
    })
  const table = await readColumns(data, [treatment, outcome, ...features, ...also])
  const { codes, values } = table.coded(treatment)
  const numbers = table.numbers(outcome)
  const isYesOrNo = numbers.every((value) => value === 0 || value === 1)
  return { table, features, arms: values, armOf: codes, outcome: numbers, link: isYesOrNo ? 'logistic' : 'linear' }
}

/** Position of an arm; throws `invalid_value` with those there are, and for one with hardly any cases. */
export function armNamed({ arms, armOf }: TrialTable, name: string, field: string): number {
  const arm = arms.indexOf(name)
  if (arm < 0)
    throw new OfferwrightError('invalid_value', `invalid ${field}: ${name} (the column holds ${arms.join(', ')})`, {
      field,
      value: name,
    })
  const cases = armOf.reduce((count, code) => count + (code === arm ? 1 : 0), 0)
  if (cases < LEAST_CASES)
    throw new OfferwrightError('invalid_data', `${field} ${name} has ${cases} cases; ${LEAST_CASES} are needed`, {
      field,
      value: name,
    })
  return arm
}

/** The rows of these arms, numbered by their places in `arms`. */
export function rowsOfArms({ armOf }: TrialTable, arms: number[]): Uint32Array {
  return Uint32Array.from(armOf.keys()).filter((row) => arms.includes(armOf[row]))
}

/** Two halves of the rows, drawn anew for each split; equal seeds give equal halves. */
export function halvesOf(rows: Uint32Array, seed: number, split: number): [train: Uint32Array, test: Uint32Array] {
  const next = splitMix32(seed * MOST_SPLITS + split)
  const shuffled = rows.slice()
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor((next() / 2 ** 32) * (i + 1))
    const moved = shuffled[i]
    shuffled[i] = shuffled[j]
    shuffled[j] = moved
  }
  const half = Math.floor(shuffled.length / 2)
  return [shuffled.subarray(0, half), shuffled.subarray(half)]
}

/** Training and test cases; everything about features is learned on the training rows. */
export function casesOf(trial: TrialTable, arms: number[], train: Uint32Array, test: Uint32Array): [Cases, Cases] {
  const encoder = learnEncoder(trial.table, trial.features, train)
  const cases = (rows: Uint32Array): Cases => ({
    design: encoder.encode(rows),
    arm: Uint8Array.from(rows, (row) => arms.indexOf(trial.armOf[row])),
    outcome: Float64Array.from(rows, (row) => trial.outcome[row]),
    nArms: arms.length,
    link: trial.link,
  })
  return [cases(train), cases(test)]
}
