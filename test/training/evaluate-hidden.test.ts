/** Whether hidden items are found: what is expected of chance by enumeration, a demo shop, and a real gift shop's invoices. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ROWS_ALONE } from '../../core/scoring/blends.ts'
import { drawItems, evaluateHidden } from '../../training/evaluation/hidden.ts'
import { expectedOfDraw } from '../../training/evaluation/random-lists.ts'
import { importData } from '../../training/import/import.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { generateShop } from '../../training/simulation/generate.ts'
import { truthParameters } from '../../training/simulation/parameters.ts'
import { DAY_MS, temporaryFolder, writeData } from './small-shop.ts'

const root = new URL('../../../', import.meta.url)
const invoices = new URL('../shared/data/online-retail/online_retail.csv.gz', root)
const present = existsSync(invoices)
if (!present) console.warn(`skipped: the Online Retail file is not at ${invoices.pathname}`)

/** Every way to draw k of n, the first r being among those that are relevant. */
function enumerated(n: number, r: number, relevant: number, k: number) {
  const draws = Array.from({ length: 2 ** n }, (_, mask) =>
    Array.from({ length: n }, (_, item) => item).filter((item) => (mask >> item) & 1),
  ).filter((draw) => draw.length === Math.min(k, n))
  const hits = draws.map((draw) => draw.filter((item) => item < r).length)
  return {
    recall: hits.reduce((sum, hit) => sum + hit / relevant, 0) / draws.length,
    hitRate: hits.filter((hit) => hit > 0).length / draws.length,
  }
}

test('what a random list finds is the mean over all lists', () => {
  const draws = fc.record({ n: fc.nat(8), r: fc.nat(8), gone: fc.nat(2), k: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(draws, ({ n, r, gone, k }) => {
      const shown = Math.min(r, n)
      const relevant = Math.max(1, shown + gone)
      const expected = enumerated(n, shown, relevant, k)
      const found = expectedOfDraw(n, shown, relevant, k)
      expect(found.recall).toBeCloseTo(expected.recall, 12)
      expect(found.hitRate).toBeCloseTo(expected.hitRate, 12)
    }),
    { seed: 53, numRuns: 150 },
  )
})

test('equal seeds hide equal items, and as many as asked for', () => {
  expect(drawItems(1000, 0.05, 7)).toEqual(drawItems(1000, 0.05, 7))
  expect(drawItems(1000, 0.05, 7).size).toBe(50)
  expect(drawItems(1000, 0.05, 8)).not.toEqual(drawItems(1000, 0.05, 7))
})

test('refuses a held-out time in which nobody bought a hidden item', async () => {
  const folder = await temporaryFolder()
  await writeData(folder, [{}, {}], 1, [{ shopper: 0, item: 0, kind: 'view', timeMs: 100 * DAY_MS }])
  const options = { data: folder, share: 0.5, holdoutWeeks: 4, k: 5, parameters: trainingParameters() }
  await expect(evaluateHidden(options)).rejects.toMatchObject({ code: 'invalid_data', field: 'holdoutWeeks' })
})

test("the demo shop's hidden items are found by content, and by nothing else", async () => {
  const folder = await temporaryFolder()
  await generateShop(folder, truthParameters({ items: 300, shoppers: 1500, events: 60_000, seed: 3, dirt: 0 }))
  const data = join(folder, 'data')
  await importData({ mapping: join(folder, 'mapping.json'), out: data, threads: 2 })
  const weights = { ...ROWS_ALONE, content: 1 }
  const parameters = trainingParameters({ blend: { known: weights, session: weights } })
  const { hiddenItems, amongAll, amongHidden } = await evaluateHidden({
    data,
    share: 0.1,
    holdoutWeeks: 4,
    k: 5,
    parameters,
  })
  expect(hiddenItems).toBe(30)
  expect(amongAll.withoutContent.recall).toBe(0)
  expect(amongAll.popularity.recall).toBe(0)
  expect(amongAll.timesRandom.recall).toBeGreaterThanOrEqual(5)
  expect(amongHidden.content.recall).toBeGreaterThan(2 * amongHidden.random.recall)
})

describe.skipIf(!present)('the Online Retail file', () => {
  test('has its hidden items found at five times the rate of chance or more', async () => {
    const folder = await temporaryFolder()
    const mapping = JSON.parse(await readFile(new URL('training/mappings/online-retail.json', root), 'utf8'))
    mapping.events[0].file = invoices.pathname
    await writeFile(join(folder, 'mapping.json'), JSON.stringify(mapping))
    const data = join(folder, 'data')
    await importData({ mapping: join(folder, 'mapping.json'), out: data, threads: 2 })
    const parameters = trainingParameters()
    const { shoppers, amongAll, known } = await evaluateHidden({
      data,
      share: 0.05,
      holdoutWeeks: 4,
      k: 20,
      parameters,
    })
    expect(shoppers).toBeGreaterThan(400)
    expect(amongAll.timesRandom.recall).toBeGreaterThanOrEqual(5)
    expect(amongAll.timesRandom.hitRate).toBeGreaterThanOrEqual(5)
    expect(known.content.recall).toBeGreaterThan(0.9 * known.withoutContent.recall)
  })
})
