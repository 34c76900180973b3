/**
 * Gates: measured quality that a new snapshot may not lose against the one in use. A metric passes while it is no worse
 * than `tolerance`, as a share of the value in use; one that either snapshot lacks, or that was measured on too few cases,
 * is no gate.
 */
import { OfferwrightError } from '../core/contract/errors.ts'

export interface Gate {
  metric: string
  inUse: number
  offered: number
  passed: boolean
}

interface Watched {
  metric: string
  /** Metric that counts what it was measured on. */
  cases: string
  better: 'higher' | 'lower'
}

const WATCHED: Watched[] = [
  { metric: 'evaluate.known.ndcg', cases: 'evaluate.known.cases', better: 'higher' },
  { metric: 'evaluate.session.ndcg', cases: 'evaluate.session.cases', better: 'higher' },
  { metric: 'evaluate.history.logLoss', cases: 'evaluate.history.positives', better: 'lower' },
]
/** Below it chance alone moves a mean by more than any sensible tolerance. */
const LEAST_CASES = 50

type Metrics = Record<string, number>

export function gatesOf(inUse: Metrics, offered: Metrics, tolerance: number): Gate[] {
  return WATCHED.filter(({ metric, cases }) =>
    [inUse, offered].every((metrics) => metrics[metric] !== undefined && metrics[cases] >= LEAST_CASES),
  ).map(({ metric, better }) => {
    const [before, after] = [inUse[metric], offered[metric]]
    const passed = better === 'higher' ? after >= before * (1 - tolerance) : after <= before * (1 + tolerance)
    return { metric, inUse: before, offered: after, passed }
  })
}

/** Throws `gate_failed` with every gate that did not pass. */
export function refuseFailed(gates: Gate[], tolerance: number): void {
  const failed = gates.filter(({ passed }) => !passed)
  if (failed.length === 0) return
  const told = failed.map(
    ({ metric, inUse, offered }) => `${metric} ${inUse.toPrecision(4)} → ${offered.toPrecision(4)}`,
  )
  throw new OfferwrightError(
    'gate_failed',
    `worse than the snapshot in use by more than ${tolerance}: ${told.join(', ')}; --force publishes it all the same`,
    { field: failed[0].metric, value: failed[0].offered },
  )
}
