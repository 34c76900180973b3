import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { currentSnapshot, snapshotFolder } from '../../core/snapshot/store.ts'
import { verifySnapshot } from '../../core/snapshot/verify.ts'
import { readDataset, readSummary } from '../../training/dataset.ts'
import { openHeldOut } from '../../training/held-out.ts'
import { STAN_IDF, USER_BASED } from '../../training/neighbours/models.ts'
import { type TrainingParameters, trainingParameters } from '../../training/parameters.ts'
import type { StageProgress } from '../../training/progress.ts'
import { publishSections } from '../../training/publish.ts'
import { hasReport, readReport } from '../../training/sections.ts'
import { STAGE_NAMES, train } from '../../training/train.ts'
import { DAY_MS, key, type SmallEvent, temporaryFolder, writeData } from './small-shop.ts'

const ITEMS = 60
const SHOPPERS = 150

/** Two halves of a shop whose shoppers never meet: who buys even items never looks at odd ones. */
function twoHalves(): SmallEvent[] {
  return Array.from({ length: 6000 }, (_, n): SmallEvent => {
    const shopper = (n * 7919) % SHOPPERS
    const item = ((Math.imul(n, 0x9e3779b1) >>> 8) % 30) * 2 + (shopper % 2)
    const bought = n % 3 === 0
    return {
      shopper: n % 50 === 49 ? null : shopper,
      item,
      kind: bought ? 'purchase' : 'view',
      timeMs: n * (DAY_MS / 60) + 1,
      priceMinor: 800 + 40 * ((n >> 4) % 7),
      order: bought ? `o-${n >> 4}` : null,
    }
  })
}

async function smallShop(): Promise<string> {
  const folder = await temporaryFolder()
  const items = Array.from({ length: ITEMS }, (_, item) => ({
    category: item % 2 === 0 ? 'even' : 'odd',
    attributes: { parity: item % 2 === 0 ? 'even' : 'odd', number: item },
  }))
  await writeData(join(folder, 'data'), items, SHOPPERS, twoHalves())
  return folder
}

async function trainInto(folder: string, name: string, chosen: Partial<TrainingParameters> = {}): Promise<string> {
  const sections = join(folder, name)
  await train({ data: join(folder, 'data'), sections, parameters: trainingParameters(chosen) })
  return sections
}

async function hashes(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  const hash = async (name: string) =>
    createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hash(name)])))
}

test('training again, on any number of threads, writes the same bytes', async () => {
  const folder = await smallShop()
  const once = await hashes(await trainInto(folder, 'once', { threads: 1 }))
  expect(Object.keys(once).filter((name) => !name.endsWith('.json'))).toEqual([
    'attributes.safetensors',
    'catalogue.safetensors',
    'content.safetensors',
    'items.hnsw',
    'popularity.safetensors',
    'prices.safetensors',
    'rhythm.safetensors',
    'shoppers.safetensors',
    'similarity.safetensors',
    'together.safetensors',
    'trends.safetensors',
    'vectors.safetensors',
  ])
  expect(await hashes(await trainInto(folder, 'twice', { threads: 2 }))).toEqual(once)
  expect(await hashes(await trainInto(folder, 'other seed', { seed: 2 }))).not.toEqual(once)
})

test('each stage run again alone writes the bytes it wrote before', async () => {
  const folder = await smallShop()
  const asked = { sessions: STAN_IDF, peers: USER_BASED }
  const sections = await trainInto(folder, 'sections', asked)
  const whole = await hashes(sections)
  for (const stage of STAGE_NAMES.filter((name) => hasReport(sections, name))) {
    await rm(join(sections, `${stage}.json`))
    await train({ data: join(folder, 'data'), sections, parameters: trainingParameters(asked), stage })
    expect(await hashes(sections)).toEqual(whole)
  }
})

test('what is trained can be published, verified and served', async () => {
  const folder = await smallShop()
  const data = join(folder, 'data')
  const sections = await trainInto(folder, 'sections')
  const store = join(folder, 'snapshots')
  const publish = async (activate: boolean) =>
    publishSections({
      dataset: await readSummary(data),
      sections,
      store,
      quality: { rows: 1 },
      activateAt: activate ? 0 : null,
      tolerance: null,
    })
  const first = await publish(true)
  expect(await currentSnapshot(store)).toBe(first)
  const { manifest } = await verifySnapshot(snapshotFolder(store, first), first)
  expect(manifest).toMatchObject({ shop: 'default', currency: 'GBP', parent: null, epoch: 1, quality: { rows: 1 } })
  expect(manifest.metrics['catalogue.items']).toBe(ITEMS)
  expect(manifest.model.basket.marginRate).toBeGreaterThan(0)

  const second = await publish(false)
  expect(await currentSnapshot(store)).toBe(first)
  const verified = await verifySnapshot(snapshotFolder(store, second), second)
  expect(verified.manifest).toMatchObject({ parent: first, epoch: 2 })
})

test('a shopper of one half is recommended items of that half', async () => {
  const folder = await smallShop()
  const dataset = await readDataset(join(folder, 'data'), null)
  const g = await openHeldOut(dataset, trainingParameters(), join(folder, 'served'))
  for (const shopper of [10, 11]) {
    const request = { shopper: key('s', shopper), slots: 10, repurchase: true }
    const { items, personalised } = recommend(g, request, emptyLiveShopper())
    expect(personalised).toBe(true)
    const halves = items.map(({ item }) => Number(item.slice(2)) % 2)
    expect(halves).toEqual(items.map(() => shopper % 2))
  }
})

test('only events before `until` are learned from', async () => {
  const folder = await smallShop()
  const until = 40 * DAY_MS
  const sections = await trainInto(folder, 'sections', { until })
  const { data } = await readReport(sections, 'similarity')
  expect(data.events).toBe(twoHalves().filter(({ timeMs }) => timeMs < until).length)
  expect(data.watermark).toBeLessThan(until)
})

test('stages of different data are not published together', async () => {
  const folder = await smallShop()
  const data = join(folder, 'data')
  const sections = await trainInto(folder, 'sections')
  await train({ data, sections, parameters: trainingParameters({ until: 40 * DAY_MS }), stage: 'popularity' })
  const store = join(folder, 'snapshots')
  const dataset = await readSummary(data)
  await expect(
    publishSections({ dataset, sections, store, quality: null, activateAt: 0, tolerance: null }),
  ).rejects.toMatchObject({
    code: 'invalid_data',
    field: 'popularity',
  })
  expect(await currentSnapshot(store)).toBeNull()
})

test('a stage that has not run, an unknown stage and missing data are named', async () => {
  const folder = await temporaryFolder()
  const sections = join(folder, 'sections')
  const parameters = trainingParameters()
  await expect(train({ data: folder, sections, parameters })).rejects.toThrow('run offerwright import first')
  await expect(train({ data: folder, sections, parameters, stage: 'magic' })).rejects.toThrow('invalid stage: magic')
  const dataset = { shop: 'default', currency: 'GBP' }
  await expect(
    publishSections({ dataset, sections, store: folder, quality: null, activateAt: 0, tolerance: null }),
  ).rejects.toThrow('run offerwright train --stage catalogue')
})

test('progress names every stage in its order', async () => {
  const folder = await smallShop()
  const seen: StageProgress[] = []
  await train({
    data: join(folder, 'data'),
    sections: join(folder, 'sections'),
    parameters: trainingParameters(),
    onProgress: (progress) => seen.push(progress),
  })
  expect([...new Set(seen.map(({ stage }) => stage))]).toEqual(STAGE_NAMES)
  for (const { done, total } of seen) expect(done).toBeLessThanOrEqual(total)
})

test.each([
  ['threads', 0],
  ['neighbours', -1],
  ['seed', 1.5],
  ['halfLifeDays', 0],
  ['historyStored', 1001],
])('refuses %s = %s', (field, value) => {
  expect(() => trainingParameters({ [field]: value })).toThrow(`invalid ${field}: ${value}`)
})
