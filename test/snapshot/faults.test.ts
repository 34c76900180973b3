/** A short form of what `npm run test:long -- faults` does for long. */
import { expect, test } from 'vitest'
import { openDamaged } from '../long/faults/bad-snapshots.ts'
import type { FaultRun } from '../long/faults/fault.ts'
import { mutateSnapshot } from '../long/faults/snapshot-mutations.ts'

const run = (scale: number): FaultRun => ({ scale, seed: 1, say: () => undefined })

test('flips and truncations of every file are refused before native code is even loaded', async () => {
  const counts = await openDamaged(run(0.01))
  const damages = counts.flips + counts.truncations
  expect(counts).toMatchObject({ refused: damages, accepted: 0, otherErrors: 0, nativeLoads: 0, crashes: 0 })
  expect(counts.flips).toBe(100 * counts.files)
})

test('no mutation of a snapshot is accepted, and nothing crashes', async () => {
  const counts = await mutateSnapshot(run(0.002))
  expect(counts).toMatchObject({ mutations: 2000, wrongRecords: 0, otherErrors: 0, nativeLoads: 0, crashes: 0 })
  expect(counts.refused + counts.unchanged).toBe(2000)
  expect(counts.unchanged).toBeLessThan(400)
})
