import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportOf } from '../../training/simulation/loop/report.ts'
import { DEFAULT_SCENARIO, type Scenario } from '../../training/simulation/loop/scenario.ts'
import { POLICIES, type PolicyName, type SeedResult, simulateSeed } from '../../training/simulation/loop/seed.ts'

const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const SMALL: Scenario = {
  ...DEFAULT_SCENARIO,
  items: 400,
  shoppers: 2500,
  events: 60_000,
  visitsPerDay: 900,
  learningDays: 14,
  days: 7,
}

async function simulated(seed: number): Promise<SeedResult> {
  const folder = await mkdtemp(join(tmpdir(), 'loop-'))
  try {
    return await simulateSeed(folder, SMALL, seed)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('the closed loop of a small shop', () => {
  let results: SeedResult[]
  beforeAll(async () => {
    results = [await simulated(3), await simulated(4)]
  })
  afterAll(() => {
    results = []
  })
  const of = ({ measured }: SeedResult, policy: PolicyName) => measured[POLICIES.indexOf(policy)]
  const extra = (policy: PolicyName) =>
    results.reduce((sum, r) => sum + of(r, policy).treatedMarginMinor - of(r, 'none').treatedMarginMinor, 0)

  it('earns more by what it learned than by the best fixed discount, and less than who knows the response', () => {
    expect(extra('ours')).toBeGreaterThan(extra('best fixed'))
    expect(extra('ours')).toBeGreaterThan(extra('propensity'))
    expect(extra('informed')).toBeGreaterThan(extra('ours'))
    expect(extra('clairvoyant')).toBeGreaterThan(extra('informed'))
  })

  it('never spends more than a budget, and gives nothing where nothing is to be given', () => {
    for (const { measured } of results)
      for (const { spentMinor, budgetMinor } of measured)
        for (const [campaign, spent] of spentMinor.entries()) expect(spent).toBeLessThanOrEqual(budgetMinor[campaign])
    for (const result of results) {
      expect(of(result, 'none').spentMinor).toEqual([0, 0])
      expect(of(result, 'none').byTier.every(({ offered }) => offered === 0)).toBe(true)
    }
    expect(reportOf(results).overspent).toBe(0)
  })

  it('plays every policy over the same visits', () => {
    for (const { measured } of results) expect(new Set(measured.map(({ visits }) => visits)).size).toBe(1)
  })

  it('is the same for the same seed, and reports means over seeds', async () => {
    expect(await simulated(3)).toEqual(results[0])
    const { policies, overBestFixedMinor } = reportOf(results)
    expect(policies.find(({ policy }) => policy === 'ours')?.extraMarginMinor.mean).toBeCloseTo(extra('ours') / 2, 6)
    expect(policies.find(({ policy }) => policy === 'informed')?.ofInformed.mean).toBeCloseTo(1, 9)
    expect(overBestFixedMinor.mean).toBeCloseTo((extra('ours') - extra('best fixed')) / 2, 6)
  })
})

describe('offerwright simulate', () => {
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, 'simulate', ...args])
  const TINY =
    '--shoppers 300 --events 8000 --items 150 --visits-per-day 80 --days 3 --learning-days 5 --seeds 1'.split(' ')

  it('tells of the policies that are asked for, as JSON', async () => {
    const { stdout, stderr } = await run(...TINY, '--policy', 'ours', 'informed', '--json')
    expect(JSON.parse(stdout).policies.map(({ policy }: { policy: string }) => policy)).toEqual(['ours', 'informed'])
    expect(stderr).toContain('learn from the log')
  })

  it('refuses a policy that it does not know, with its name', async () => {
    await expect(run(...TINY, '--policy', 'best')).rejects.toMatchObject({
      stderr: expect.stringContaining('invalid policy: best'),
    })
  })
})
