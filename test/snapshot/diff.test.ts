import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diffSnapshots } from '../../core/snapshot/diff/diff.ts'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { type Sections, tensor, tinyPublication, tinySections } from './tiny-shop.ts'

const OPTIONS = { examples: 2, neighbours: 10 }

async function opened(spoil: (sections: Sections) => void = () => {}, manifest: object = {}) {
  const sections = tinySections()
  spoil(sections)
  const publication = { ...(await tinyPublication(sections)), ...manifest }
  const id = await publishSnapshot(publication)
  return openSnapshot(join(publication.store, id), { expectedId: id, reserveBytes: () => 0 })
}

test('a snapshot changes nothing against itself', async () => {
  const image = await opened()
  const diff = diffSnapshots(image, image, OPTIONS)
  expect(diff.items).toMatchObject({ added: 0, removed: 0, common: 6 })
  expect(Object.values(diff.items.changed).every((count) => count === 0)).toBe(true)
  expect(diff.neighbours).toEqual({ meanOverlap: 1, changed: 0, examples: [] })
  expect(diff.metrics).toEqual([{ name: 'recallAt20', before: 0.25, after: 0.25 }])
})

test('prices, stock and elasticities that changed are counted and named', async () => {
  const after = await opened((sections) => {
    sections.catalogue.price_minor.data[1] = 200
    sections.catalogue.price_minor.data[2] = 400
    sections.catalogue.price_minor.data[3] = 90
    sections.catalogue.stock.data[1] = 7
    sections.prices.elasticity.data[0] = -2.5
  })
  const { items } = diffSnapshots(await opened(), after, OPTIONS)
  expect(items.changed).toMatchObject({ title: 0, category: 0, priceMinor: 3, stock: 1, available: 0, elasticity: 1 })
  expect(items.examples.changed).toEqual([
    { item: 'bread', column: 'priceMinor', before: 250, after: 200 },
    { item: 'cheese', column: 'priceMinor', before: 480, after: 400 },
    { item: 'bread', column: 'stock', before: null, after: 7 },
    { item: 'apple', column: 'elasticity', before: -1.5, after: -2.5 },
  ])
})

test('neighbours are compared by key: the share of both over the union of either', async () => {
  // apple had bread and milk, and has bread and cheese: one of three is shared.
  const after = await opened((sections) => {
    sections.similarity.indices = tensor('U32', [1, 2, 0, 0, 5, 2])
  })
  const { neighbours } = diffSnapshots(await opened(), after, OPTIONS)
  expect(neighbours.changed).toBe(1)
  expect(neighbours.meanOverlap).toBeCloseTo((5 + 1 / 3) / 6)
  expect(neighbours.examples).toEqual([
    { item: 'apple', overlap: 1 / 3, before: ['bread', 'milk'], after: ['bread', 'cheese'] },
  ])
})

test('prices of budgets and metrics of either snapshot stand side by side', async () => {
  const base = await tinyPublication()
  const before = await opened(() => {}, { model: { ...base.model, allocation: { spring: { dualPrice: 0.5 } } } })
  const after = await opened(() => {}, {
    model: {
      ...base.model,
      allocation: { spring: { dualPrice: 0.75 }, summer: { dualPrice: 0, stockDualPrice: 40, returnDualPrice: 2 } },
    },
    metrics: { recallAt20: 0.5, ndcg: 0.25 },
  })
  const { dualPrices, metrics } = diffSnapshots(before, after, OPTIONS)
  expect(dualPrices).toEqual([
    { name: 'spring', before: 0.5, after: 0.75 },
    { name: 'summer', before: null, after: 0 },
    { name: 'summer return', before: null, after: 2 },
    { name: 'summer stock', before: null, after: 40 },
  ])
  expect(metrics).toEqual([
    { name: 'ndcg', before: null, after: 0.25 },
    { name: 'recallAt20', before: 0.25, after: 0.5 },
  ])
})
