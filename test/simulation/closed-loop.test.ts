import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { type CompiledCampaigns, compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { fillLiveCatalogue } from '../../core/scoring/catalogue.ts'
import { type Generation, liveCatalogueOf, openGeneration, reserveBytes } from '../../core/scoring/generation.ts'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { snapshotFolder } from '../../core/snapshot/store.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { importData } from '../../training/import/import.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { publishSections } from '../../training/publish.ts'
import { type LoopResult, runClosedLoop } from '../../training/simulation/closed-loop.ts'
import { generateShop } from '../../training/simulation/generate.ts'
import { readTruth, truthParameters } from '../../training/simulation/parameters.ts'
import { openTruth, type Truth } from '../../training/simulation/truth.ts'
import { train } from '../../training/train.ts'

const OPTIONS = { shoppers: 800, days: 7, visits: 1500, slots: 6, seed: 2 }

let root: string
let generation: Generation
let truth: Truth
let file: CampaignFile

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'closed-loop-'))
  const [source, data, sections, store] = ['source', 'data', 'sections', 'snapshots'].map((name) => join(root, name))
  await generateShop(source, truthParameters({ items: 1200, shoppers: 2000, events: 60_000, seed: 5 }))
  const { dataset, quality } = await importData({ mapping: join(source, 'mapping.json'), out: data })
  await train({ data, sections, parameters: trainingParameters() })
  const id = await publishSections({ dataset, sections, store, quality, activate: true, tolerance: null })
  const image = await openSnapshot(snapshotFolder(store, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  generation = openGeneration(image, 0)
  truth = openTruth(await readTruth(join(source, 'truth.json')))
  file = parseCampaignFile(readFileSync(join(source, 'campaigns.json'), 'utf8'), 'GBP')
})

afterAll(() => rm(root, { recursive: true, force: true }))

function compiled(change: Partial<CampaignFile> = {}): CompiledCampaigns {
  return compileCampaigns(generation, { ...file, ...change }, 'test')
}

function run(budgetMinor: number, campaigns = compiled()): { result: LoopResult; remaining: Float64Array } {
  const remaining = new Float64Array(file.campaigns.length).fill(budgetMinor)
  return { result: runClosedLoop(generation, truth, campaigns, remaining, OPTIONS), remaining }
}

const policy = ({ policies }: LoopResult, name: string) => {
  const found = policies.find((totals) => totals.policy === name)
  if (!found) throw new Error(`no policy ${name} in ${policies.map((totals) => totals.policy)}`)
  return found
}

describe('the closed loop', () => {
  it('gives the same result for the same seed, and another for another', () => {
    const { result } = run(1e9)
    expect(run(1e9).result).toEqual(result)
    const other = runClosedLoop(generation, truth, compiled(), new Float64Array(3).fill(1e9), { ...OPTIONS, seed: 3 })
    expect(other).not.toEqual(result)
  })

  it('compares none, every depth of the ladders for everyone, and ours', () => {
    const { result } = run(1e9)
    expect(result.policies.map((totals) => totals.policy)).toEqual([
      'none',
      'everyone 5 %',
      'everyone 10 %',
      'everyone 15 %',
      'everyone 20 %',
      'everyone 30 %',
      'ours',
    ])
    expect(policy(result, 'none').incrementalMargin95).toEqual([0, 0])
    expect(policy(result, 'none').discountMinor).toBe(0)
    expect(policy(result, 'everyone 30 %').offeredShare.always_buyer).toBe(1)
    expect(policy(result, 'everyone 30 %').orders).toBeGreaterThan(policy(result, 'none').orders)
  })

  it('takes what ours gives away out of the budgets', () => {
    const { result, remaining } = run(1e9)
    const spent = remaining.reduce((sum, left) => sum + 1e9 - left, 0)
    expect(spent).toBe(policy(result, 'ours').discountMinor)
    expect(spent).toBeGreaterThan(0)
  })

  it('sells like none where no budget is left, and where everyone is held out', () => {
    const heldOut = compiled({ policy: { ...file.policy, holdoutBps: 10_000 } })
    for (const { result } of [run(0), run(1e9, heldOut)]) {
      const { policy: _none, ...none } = policy(result, 'none')
      const { policy: _ours, ...ours } = policy(result, 'ours')
      expect(ours).toEqual(none)
    }
  })

  it('keeps the hold-out free of offers', () => {
    const { offeredShare } = policy(run(1e9, compiled({ policy: { ...file.policy, holdoutBps: 5000 } })).result, 'ours')
    for (const share of Object.values(offeredShare)) expect(share).toBeLessThan(0.65)
  })
})
