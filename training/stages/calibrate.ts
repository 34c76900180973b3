/** Calibration of the scores; it has no section, the model parameters carry it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import { calibrate, sampleAnswers, UNCALIBRATED, visitsAfter } from '../calibration.ts'
import { before } from '../dataset.ts'
import { openHeldOut } from '../held-out.ts'
import type { TrainingParameters } from '../parameters.ts'
import type { StageReport } from '../sections.ts'
import type { StageContext } from '../stage.ts'

const DAY_MS = 86_400_000

export async function trainCalibration(context: StageContext): Promise<StageReport> {
  const { dataset, parameters, onProgress } = context
  const { holdoutDays, windowDays, shoppers, depth } = parameters.calibration
  const cut = dataset.watermark - holdoutDays * DAY_MS
  const earlier = before(dataset, cut)
  const visits = visitsAfter(dataset.table, cut, windowDays * DAY_MS, shoppers)
  if (earlier.events === 0 || visits.length === 0) return reported(parameters, UNCALIBRATED, { visits: 0 })
  const folder = await mkdtemp(join(context.sections, 'calibrate-'))
  try {
    // The vector index only fills up short answers; a token one that nothing asks keeps this stage fast.
    const withoutVectors = {
      ...parameters,
      vectors: { ...parameters.vectors, weight: 0 },
      index: { m: 4, efConstruction: 8 },
    }
    onProgress({ stage: 'calibrate', done: 0, total: visits.length, message: 'visits' })
    const g = await openHeldOut(earlier, withoutVectors, folder)
    const history = calibrate(sampleAnswers(g, visits, depth, true), UNCALIBRATED.history)
    const popular = calibrate(sampleAnswers(g, visits, depth, false), UNCALIBRATED.popular)
    return reported(
      parameters,
      { history: history.logistic, popular: popular.logistic },
      { visits: visits.length, ...prefixed('history', history.metrics), ...prefixed('popular', popular.metrics) },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function reported(
  { blend }: TrainingParameters,
  calibration: ModelParameters['calibration'],
  metrics: Record<string, number>,
): StageReport {
  return { metrics, model: { calibration, blend: blend ?? undefined } }
}

function prefixed(prefix: string, metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}.${name}`, value]))
}
