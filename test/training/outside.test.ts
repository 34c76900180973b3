import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { currentSnapshot, snapshotFolder } from '../../core/snapshot/store.ts'
import { readManifest } from '../../core/snapshot/verify.ts'
import { readSummary } from '../../training/dataset.ts'
import { outsideSections } from '../../training/outside.ts'
import { TRAINING_DEFAULTS, type TrainingParameters, trainingParameters } from '../../training/parameters.ts'
import { publishSections } from '../../training/publish.ts'
import { readReport } from '../../training/sections.ts'
import { train } from '../../training/train.ts'
import { DAY_MS, type SmallEvent, writeData } from './small-shop.ts'

const ITEMS = 20
const SHOPPERS = 15
const EVENTS = Array.from(
  { length: 300 },
  (_, n): SmallEvent => ({
    shopper: n % SHOPPERS,
    item: (Math.imul(n, 0x9e3779b1) >>> 8) % ITEMS,
    kind: n % 2 === 0 ? 'view' : 'purchase',
    timeMs: n * (DAY_MS / 5),
    priceMinor: 1000,
  }),
)

interface Shop {
  folder: string
  /** What another trainer would hand over: section files and its report. */
  theirs: string
  /** The report's text with the named members replaced. */
  reportWith(changes: object): Promise<string>
  publish(named: string[], report: string): Promise<string>
}

/** Trained with our stages in `sections`, and by another with other parameters in `theirs`. */
async function shopOfTwoTrainers(): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-outside-'))
  const data = join(folder, 'data')
  const [sections, theirs, store] = ['sections', 'theirs', 'snapshots'].map((name) => join(folder, name))
  await writeData(
    data,
    Array.from({ length: ITEMS }, () => ({})),
    SHOPPERS,
    EVENTS,
  )
  const vectors = { ...TRAINING_DEFAULTS.vectors, dim: 4, efSearch: 20, weight: 0.5 }
  const trainInto = (into: string, chosen: Partial<TrainingParameters>) =>
    train({ data, sections: into, parameters: trainingParameters({ threads: 1, ...chosen }) })
  await trainInto(sections, { seed: 7 })
  await trainInto(theirs, { seed: 8, neighbours: 3, vectors })
  const { data: mark, model: rows } = await readReport(theirs, 'similarity')
  const { model: ofVectors } = await readReport(theirs, 'vectors')
  const report = { data: mark, metrics: { recall: 0.25 }, model: { ...rows, ...ofVectors } }
  return {
    folder,
    theirs,
    async reportWith(changes) {
      const file = join(folder, 'report.json')
      await writeFile(file, JSON.stringify({ ...report, ...changes }))
      return file
    },
    publish: async (named, file) =>
      publishSections({
        dataset: await readSummary(data),
        sections,
        store,
        quality: null,
        activateAt: 0,
        tolerance: 0,
        outside: await outsideSections(named, file),
      }),
  }
}

let shop: Shop
let store: string

beforeAll(async () => {
  shop = await shopOfTwoTrainers()
  store = join(shop.folder, 'snapshots')
})
afterAll(() => rm(shop.folder, { recursive: true }))

const named = (folder: string) => [
  `similarity=${join(folder, 'similarity.safetensors')}`,
  `vectors=${join(folder, 'vectors.safetensors')}`,
  `index=${join(folder, 'items.hnsw')}`,
]

test('sections made outside are published byte for byte, with their parameters and metrics and the rest as trained', async () => {
  const id = await shop.publish(named(shop.theirs), await shop.reportWith({}))
  expect(await currentSnapshot(store)).toBe(id)
  for (const file of ['similarity.safetensors', 'vectors.safetensors', 'items.hnsw'])
    expect(await readFile(join(snapshotFolder(store, id), file))).toEqual(await readFile(join(shop.theirs, file)))
  const { manifest } = await readManifest(snapshotFolder(store, id), id)
  expect(manifest.model).toMatchObject({ neighbours: 3, vectors: { dim: 4, efSearch: 20, weight: 0.5 } })
  expect(manifest.seed).toBe(7)
  expect(manifest.metrics).toMatchObject({ 'outside.index': 1, 'outside.recall': 0.25, 'catalogue.items': ITEMS })
  expect(Object.keys(manifest.metrics).filter((name) => /^(similarity|vectors|index|evaluate)\./.test(name))).toEqual(
    [],
  )
})

test('a section is taken where a stage of ours never ran, and by a symbolic link', async () => {
  const link = join(shop.folder, 'link')
  await symlink(join(shop.theirs, 'similarity.safetensors'), link)
  await writeFile(join(shop.folder, 'sections', 'similarity.json'), 'not JSON')
  const { model } = await readReport(shop.theirs, 'similarity')
  const id = await shop.publish([`similarity=${link}`], await shop.reportWith({ model }))
  expect(await currentSnapshot(store)).toBe(id)
})

test('the report that the page on Python shows is one', async () => {
  const page = await readFile(new URL('../../../docs/python.md', import.meta.url), 'utf8')
  const file = join(shop.folder, 'shown.json')
  await writeFile(file, /```json\n([\s\S]*?)```/.exec(page)![1])
  const { report } = await outsideSections([], file)
  expect(report.metrics).toEqual({ recallAt20: 0.18 })
})

test.each([
  [
    'an import that is not the one here',
    { data: { shop: 'default', watermark: 1, items: 1, shoppers: 1, events: 1 } },
    { code: 'invalid_data', field: 'outside' },
  ],
  [
    'no event weights',
    { model: { historyLength: 50, neighbours: 3 } },
    { code: 'missing_field', field: 'model.eventWeights' },
  ],
  ['a parameter that is none', { model: { magic: 1 } }, { code: 'unknown_field', field: 'model.magic' }],
  ['a wrong number', { model: { neighbours: 0 } }, { code: 'invalid_value', field: 'model.neighbours' }],
  ['no data', { data: undefined }, { code: 'missing_field', field: 'data' }],
])('a report with %s is refused', async (_, changes, fault) => {
  const before = await currentSnapshot(store)
  await expect(shop.publish(named(shop.theirs), await shop.reportWith(changes))).rejects.toMatchObject(fault)
  expect(await currentSnapshot(store)).toBe(before)
})

test.each<[string, (theirs: string) => string[], object]>([
  ['vectors without their index', (theirs) => [named(theirs)[0], named(theirs)[1]], { field: 'index' }],
  ['an index without its vectors', (theirs) => [named(theirs)[0], named(theirs)[2]], { field: 'vectors' }],
  ['one section twice', (theirs) => [named(theirs)[0], named(theirs)[0]], { code: 'invalid_value', field: 'section' }],
  [
    'our catalogue',
    (theirs) => [`catalogue=${theirs}/catalogue.safetensors`],
    { code: 'invalid_value', field: 'section' },
  ],
  ['a name alone', () => ['similarity'], { code: 'invalid_value', field: 'section' }],
  [
    'a file of another section',
    (theirs) => [`similarity=${theirs}/prices.safetensors`],
    { code: 'snapshot_corrupt', field: 'similarity' },
  ],
  [
    'a file that is no section',
    (theirs) => [`similarity=${theirs}/similarity.json`],
    { code: 'snapshot_corrupt', field: 'similarity' },
  ],
])('%s: refused by name, and nothing is published', async (_, sections, fault) => {
  const before = await readdir(store)
  const publishing = shop.publish(sections(shop.theirs), await shop.reportWith({}))
  await expect(publishing).rejects.toMatchObject(fault)
  expect(await readdir(store)).toEqual(before)
})
