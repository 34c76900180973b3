/** Ranking on held-out weeks: by hand on a small shop, and on a real gift shop's invoices. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { evaluateSplit } from '../../training/evaluation/split.ts'
import { importData } from '../../training/import/import.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { DAY_MS, type SmallEvent, temporaryFolder, writeData } from './small-shop.ts'

const root = new URL('../../../', import.meta.url)
const invoices = new URL('../shared/data/online-retail/online_retail.csv.gz', root)
const present = existsSync(invoices)
if (!present) console.warn(`skipped: the Online Retail file is not at ${invoices.pathname}`)

const buys = (shopper: number, item: number, day: number): SmallEvent => ({
  shopper,
  item,
  kind: 'purchase',
  timeMs: day * DAY_MS,
  priceMinor: 1000,
})

test('counts shoppers known before the cut by what they had not bought, and removes what they had', async () => {
  const folder = await temporaryFolder()
  // Items 0 and 1 are bought together, items 2 and 3 are; item 4 by most shoppers.
  const earlier = Array.from({ length: 40 }, (_, shopper) => {
    const pair = shopper % 2 === 0 ? [0, 1] : [2, 3]
    const known = shopper < 4 ? pair.slice(0, 1) : pair
    return [...known, 4].map((item) => buys(shopper, item, 1 + shopper / 100))
  }).flat()
  const later = [buys(0, 1, 30), buys(0, 0, 30), buys(1, 3, 31), buys(2, 0, 31), buys(99, 3, 32), buys(1, 3, 56)]
  await writeData(
    folder,
    Array.from({ length: 6 }, () => ({})),
    100,
    [...earlier, ...later],
  )
  const result = await evaluateSplit({ data: folder, holdoutWeeks: 4, k: 1, parameters: trainingParameters() })
  expect(result).toMatchObject({ cut: 28 * DAY_MS, k: 1, shoppers: 2 })
  expect(result.models.rows).toMatchObject({ recall: 1, ndcg: 1, mrr: 1, hitRate: 1 })
  expect(result.models.popularity.recall).toBeLessThan(1)
})

test('refuses data with nothing before the cut', async () => {
  const folder = await temporaryFolder()
  await writeData(folder, [{}], 1, [buys(0, 0, 1)])
  const parameters = trainingParameters()
  await expect(evaluateSplit({ data: folder, holdoutWeeks: 4, k: 5, parameters })).rejects.toMatchObject({
    code: 'invalid_data',
    field: 'holdoutWeeks',
  })
})

describe.skipIf(!present)('four held-out weeks of the Online Retail file', () => {
  test('are ranked at least 1.5 times better by item-CF than by plain popularity', async () => {
    const folder = await temporaryFolder()
    const mapping = JSON.parse(await readFile(new URL('training/mappings/online-retail.json', root), 'utf8'))
    mapping.events[0].file = invoices.pathname
    await writeFile(join(folder, 'mapping.json'), JSON.stringify(mapping))
    const data = join(folder, 'data')
    await importData({ mapping: join(folder, 'mapping.json'), out: data, threads: 2 })
    const { shoppers, models, recallRatio } = await evaluateSplit({
      data,
      holdoutWeeks: 4,
      k: 20,
      parameters: trainingParameters(),
    })
    expect(shoppers).toBeGreaterThan(1000)
    expect(recallRatio).toBeGreaterThanOrEqual(1.5)
    expect(models.rows.recall).toBeGreaterThan(models.decayedPopularity.recall)
    expect(models.decayedPopularity.recall).toBeGreaterThan(models.popularity.recall)
  })
})
