/** What can be set of training. Every default of training is here and nowhere else. */

import { OfferwrightError } from '../core/contract/errors.ts'
import type { EventKind } from '../core/contract/events.ts'
import { MAX_STORED_HISTORY } from '../core/snapshot/layout.ts'
import type { ModelParameters } from '../core/snapshot/manifest.ts'
import type { PeerModel, SessionModel } from './neighbours/models.ts'

export const ROW_MODELS = ['item-cf', 'graph-filter', 'ease', 'none'] as const
export type RowModel = (typeof ROW_MODELS)[number]

export interface TrainingParameters {
  /** Worker threads of the numeric stages; the result does not depend on it. */
  threads: number
  seed: number
  /** Only events before this instant are used, milliseconds since 1970. */
  until: number | null
  /** Weight of a history event by its kind; 0 leaves the kind out. */
  eventWeights: Record<EventKind, number>
  /** Most recent distinct items of a shopper that are scored. */
  historyLength: number
  /** Most recent distinct items of a shopper that a snapshot holds. */
  historyStored: number
  /** How the item-item rows are learned; `none`: they stay empty. */
  rows: RowModel
  /** Weights kept of each item: of each target by `item-cf`, of each source by the others. */
  neighbours: number
  /** Newest distinct items of a shopper that teach similarity; null: all. What is cut is counted. */
  maxBasket: number | null
  /**
   * How items that fewer than `enough` shoppers met join the rows by their content: `neighbours` sources of each, at
   * `strength` times a source's mean weight (0: not at all), at most `added` to one source's row.
   */
  content: { neighbours: number; strength: number; enough: number; added: number }
  /** Age at which a purchase counts half in popularity. */
  halfLifeDays: number
  /** Regularisation of `ease`. */
  l2: number
  vectors: {
    /** `svd`: unit vectors, folded in as a mean; `ials`: implicit least squares. */
    model: 'svd' | 'ials'
    dim: number
    powerIterations: number
    efSearch: number
    weight: number
    /** Of `ials`. */
    alpha: number
    regularization: number
    epochs: number
  }
  index: { m: number; efConstruction: number }
  /** How neighbouring visits are found; null: there is no section for them. */
  sessions: SessionModel | null
  /** How similar shoppers are found; null: there is no section for them. */
  peers: PeerModel | null
  /** How much each source of a score adds, by context; null: item-item rows alone. */
  blend: ModelParameters['blend'] | null
  /** Pairs of at least `leastOrders` common orders; the best `kept` of an item; orders of at most `largestOrder` items. */
  together: { leastOrders: number; largestOrder: number; kept: number }
  /** Half-lives of late and of usual demand, and how long an item is new. */
  trends: { shortDays: number; longDays: number; newDays: number }
  /** Whether buying again counts when sources are weighed: true for groceries, where what was bought is what comes next. */
  repurchase: boolean
  calibration: { holdoutDays: number; windowDays: number; shoppers: number; depth: number }
}

export const TRAINING_DEFAULTS: TrainingParameters = {
  threads: 2,
  seed: 1,
  until: null,
  eventWeights: { view: 0.4, cart: 0.8, purchase: 1, shown: 0, clicked: 0.4, uncart: 0 },
  historyLength: 50,
  historyStored: 200,
  rows: 'item-cf',
  neighbours: 100,
  maxBasket: null,
  content: { neighbours: 20, strength: 10, enough: 5, added: 20 },
  halfLifeDays: 30,
  l2: 80,
  vectors: {
    model: 'svd',
    dim: 32,
    powerIterations: 4,
    efSearch: 200,
    weight: 0.01,
    alpha: 100,
    regularization: 30,
    epochs: 8,
  },
  index: { m: 16, efConstruction: 100 },
  sessions: null,
  peers: null,
  blend: null,
  repurchase: false,
  together: { leastOrders: 2, largestOrder: 100, kept: 50 },
  trends: { shortDays: 3, longDays: 28, newDays: 30 },
  calibration: { holdoutDays: 28, windowDays: 7, shoppers: 4000, depth: 20 },
}

/** Defaults with `chosen` over them. Throws `invalid_value` with the parameter's name. */
export function trainingParameters(chosen: Partial<TrainingParameters> = {}): TrainingParameters {
  const parameters = { ...TRAINING_DEFAULTS, ...chosen }
  requireInteger('threads', parameters.threads, 1, 256)
  requireInteger('seed', parameters.seed, 0, 0xffffffff)
  requireInteger('neighbours', parameters.neighbours, 1, 10_000)
  requireInteger('historyStored', parameters.historyStored, 1, MAX_STORED_HISTORY)
  requireInteger('historyLength', parameters.historyLength, 1, MAX_STORED_HISTORY)
  if (parameters.maxBasket !== null) requireInteger('maxBasket', parameters.maxBasket, 1, 0xffffffff)
  if (parameters.until !== null) requireInteger('until', parameters.until, 0, Number.MAX_SAFE_INTEGER)
  requirePositive('halfLifeDays', parameters.halfLifeDays)
  const { content } = parameters
  requireInteger('content.neighbours', content.neighbours, 1, 1000)
  requireInteger('content.added', content.added, 1, 10_000)
  if (content.strength !== 0) requirePositive('content.strength', content.strength)
  requirePositive('content.enough', content.enough)
  return parameters
}

function requireInteger(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw invalid(field, value, `an integer from ${least} to ${most}`)
}

function requirePositive(field: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) throw invalid(field, value, 'a positive number')
}

function invalid(field: string, value: unknown, wanted: string): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field}: ${value} (${wanted})`, { field, value })
}
