/** The faults of the ledger in a short form; `npm run test:long -- faults` makes them by the thousand. */
import { expect, test } from 'vitest'
import { clockJumps } from '../long/faults/clock-jumps.ts'
import { doubleRedemption } from '../long/faults/double-redemption.ts'
import type { Fault } from '../long/faults/fault.ts'
import { overspend } from '../long/faults/overspend.ts'

const short = (fault: Fault, scale: number) => fault.run({ scale, seed: 1, say: () => undefined })

/** On a machine that is busy with other tests, a server may look later than it wants to. */
const TIMING = ['lateReclaims']

function expectNone(fault: Fault, counts: Record<string, number>): void {
  for (const name of fault.never.filter((each) => !TIMING.includes(each)))
    expect([name, counts[name]]).toEqual([name, 0])
}

test('budgets that processes claim from, which are killed, are used up and never overspent', async () => {
  const counts = await short(overspend, 0.004)
  expect(counts).toMatchObject({ budgets: 40, kills: 4, stalls: 1 })
  expect(counts.claimedMinor).toBeGreaterThan(1000)
  expectNone(overspend, counts)
})

test('codes that processes race for, which are killed, are redeemed exactly once each', async () => {
  const counts = await short(doubleRedemption, 0.004)
  expect(counts.codes).toBe(400)
  expect(counts.answered).toBeGreaterThan(400)
  expectNone(doubleRedemption, counts)
})

test('jumps of the clock by a day release and overspend nothing', async () => {
  // Long enough that reservations are confirmed before the end, however fast the machine is: each waits 5 ms after a jump.
  const counts = await short(clockJumps, 0.06)
  expect(counts.jumps).toBe(600)
  expect(counts.confirmed).toBeGreaterThan(0)
  expectNone(clockJumps, counts)
})
