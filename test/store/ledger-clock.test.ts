import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { machineWatch, tick } from '../../core/store/ledger/clock.ts'
import { type TestLedger, testLedger } from '../support/ledger.ts'

let ledger: TestLedger
beforeEach(async () => {
  ledger = await testLedger()
})
afterEach(() => ledger.remove())

const look = (id: string, ms: number) => ledger.ledger.write((tables) => tick(tables, { id, read: () => ms }))

it('goes on by what a watch counts, and stands where another watch is looked at or one goes back', async () => {
  const looks: [string, number, number][] = [
    ['a', 5000, 0],
    ['a', 5300, 300],
    ['b', 90_000_000, 300],
    ['b', 90_000_050, 350],
    ['a', 9000, 350],
    ['a', 100, 350],
    ['a', 101, 351],
  ]
  for (const [id, ms, time] of looks) expect(await look(id, ms)).toBe(time)
})

it('never runs faster than time, however many watches are looked at in whatever order', async () => {
  const steps = fc.array(
    fc.record({ passed: fc.integer({ min: 0, max: 5000 }), watch: fc.integer({ min: 0, max: 2 }) }),
    { maxLength: 30 },
  )
  const offsets = [0, 7_000_000, 123]
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      let real = 0
      const first = await look('start', 0)
      for (const { passed, watch } of all) {
        real += passed
        expect((await look(`w${watch}`, offsets[watch] + real)) - first).toBeLessThanOrEqual(real)
      }
    }),
    { seed: 5, numRuns: 60 },
  )
})

it('is one watch for all processes of a machine', () => {
  const script = `import { machineWatch } from ${JSON.stringify(new URL('../../core/store/ledger/clock.js', import.meta.url))}
    const watch = machineWatch(); console.log(watch.id + '|' + watch.read())`
  const before = machineWatch().read()
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const [id, reading] = stdout.trim().split('|')
  if (process.platform === 'linux') {
    expect(id).toBe(machineWatch().id)
    expect(Number(reading)).toBeGreaterThanOrEqual(before)
    expect(Number(reading)).toBeLessThanOrEqual(machineWatch().read())
  } else expect(id).not.toBe(machineWatch().id)
})
