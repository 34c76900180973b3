import { describe, expect, test } from 'vitest'
import { gatesOf, refuseFailed } from '../../training/gates.ts'

const measured = (ndcg: number, logLoss: number, cases = 1000) => ({
  'evaluate.known.ndcg': ndcg,
  'evaluate.known.cases': cases,
  'evaluate.history.logLoss': logLoss,
  'evaluate.history.positives': cases,
})

describe('gates', () => {
  test('let through what is as good within the tolerance, and name what is not', () => {
    expect(gatesOf(measured(0.2, 0.5), measured(0.181, 0.549), 0.1).map(({ passed }) => passed)).toEqual([true, true])
    const gates = gatesOf(measured(0.2, 0.5), measured(0.179, 0.551), 0.1)
    expect(gates.map(({ passed }) => passed)).toEqual([false, false])
    expect(() => refuseFailed(gates, 0.1)).toThrow(
      expect.objectContaining({ code: 'gate_failed', field: 'evaluate.known.ndcg', value: 0.179 }),
    )
  })

  test('ask nothing of what was measured on few cases, or not at all', () => {
    expect(gatesOf(measured(0.2, 0.5, 49), measured(0.1, 0.9), 0.1)).toEqual([])
    expect(gatesOf({}, measured(0.1, 0.9), 0.1)).toEqual([])
  })
})
