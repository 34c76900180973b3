import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { evaluateUplift, type UpliftResult } from '../../../training/effects/uplift.ts'

let folder: string
let result: UpliftResult

/** Those with x = 1 buy more when treated; the letters say nothing, and a model learns something of them all the same. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uplift-'))
  const next = splitMix32(3)
  const below = (n: number) => Math.floor((next() / 2 ** 32) * n)
  const rows = Array.from({ length: 4000 }, () => {
    const [x, treated] = [below(2), below(2)]
    const letters = Array.from({ length: 3 }, () => 'abcdefghijkl'[below(12)])
    const bought = next() / 2 ** 32 < 0.3 + (treated === 1 ? 0.05 + 0.06 * x : 0) ? 1 : 0
    return [treated === 1 ? 'mail' : 'none', x, ...letters, bought].join(',')
  })
  const data = join(folder, 'trial.csv')
  await writeFile(data, `${['arm,x,l1,l2,l3,bought', ...rows].join('\n')}\n`)
  result = await evaluateUplift({
    data,
    treatment: 'arm',
    treated: 'mail',
    control: 'none',
    outcome: 'bought',
    features: ['x', 'l1', 'l2', 'l3'],
    shares: null,
    splits: 4,
    seed: 1,
  })
})
afterAll(() => rm(folder, { recursive: true }))

it('draws predictions that noise has made too wide to their mean', () => {
  const { calibrationSlope, asLearned } = result
  expect(asLearned.calibrationSlope).toBeLessThan(0.9)
  expect(Math.abs(calibrationSlope - 1)).toBeLessThan(Math.abs(asLearned.calibrationSlope - 1))
})

it('finds for whom the treatment does more, and its mean effect', () => {
  expect(result.qini.mean).toBeGreaterThan(result.models.random.mean)
  expect(result.effect).toBeCloseTo(0.08, 1)
  expect(result.sampleRatio.p).toBeGreaterThan(0.01)
})
