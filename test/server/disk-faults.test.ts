/** A short form of what `npm run test:long -- faults` does for long. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { failEachCall } from '../long/faults/disk.ts'
import type { FaultRun } from '../long/faults/fault.ts'
import { killAgainAndAgain } from '../long/faults/kills.ts'
import { mutate } from '../long/faults/log-mutations.ts'
import { cutPower } from '../long/faults/power-cuts.ts'
import { failPublishing } from '../long/faults/publishing.ts'
import { copyShop, type TrainedShop, trainShop } from '../support/trained-shop.ts'

let trained: TrainedShop
let shop: TrainedShop

beforeAll(async () => {
  trained = await trainShop()
})
afterAll(() => trained.remove())
beforeEach(async () => {
  shop = await copyShop(trained)
})
afterEach(() => shop.remove())

const shortened = (scale: number): FaultRun => ({ scale, seed: 7, say: () => {} })

test('kill -9 under load loses, doubles and changes nothing that was acknowledged', async () => {
  const counts = await killAgainAndAgain(shortened(0.005), shop)
  expect(counts).toMatchObject({ kills: 5, lost: 0, duplicated: 0, wrongRecords: 0, failedStarts: 0 })
  expect(counts.acknowledged).toBeGreaterThan(0)
})

test('a power cut keeps all that was acknowledged, in the logs and in the ledger', async ({ skip }) => {
  const counts = await cutPower(shortened(0.02), trained)
  if (counts.skipped > 0) return skip('no C compiler')
  expect(counts).toMatchObject({ cuts: 20, lost: 0, duplicated: 0, wrongRecords: 0, crashes: 0 })
  expect(counts).toMatchObject({ redemptionsLost: 0, redemptionsInvented: 0 })
  expect(Math.min(counts.acknowledged, counts.redeemed)).toBeGreaterThan(0)
})

test('publishing that fails or is cut off anywhere leaves a whole snapshot, the newest that was told', async ({
  skip,
}) => {
  const counts = await failPublishing(shortened(0.02), trained)
  if (counts.skipped > 0) return skip('no C compiler')
  expect(counts).toMatchObject({ crashes: 0, untold: 0, unsound: 0, notResumed: 0, unsoundAfterCuts: 0, lost: 0 })
  expect(counts).toMatchObject({ refusedCalls: counts.runs, cuts: 20 })
  expect(counts.refusedRenames).toBeGreaterThan(3)
})

test('decisions go on while each call to the disk fails, and events are taken again', async () => {
  const counts = await failEachCall(shortened(0.1), shop)
  expect(counts).toMatchObject({ failedDecisions: 0, wrongRefusals: 0, notResumed: 0 })
  expect(counts).toMatchObject({ lost: 0, duplicated: 0, wrongRecords: 0 })
  expect(counts.refused).toBeGreaterThan(0)
})

test('no record is read from a damaged log that was not written so', async () => {
  const counts = await mutate(shortened(0.01))
  expect(counts).toMatchObject({ mutations: 10_000, wrongRecords: 0, crashes: 0, lostSilently: 0 })
  expect(Math.min(counts.refused, counts.torn, counts.harmless)).toBeGreaterThan(0)
})
