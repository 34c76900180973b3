/**
 * What an evaluation measures is what is served: the lists that the evaluator ranks by are the lists that a server answers,
 * whoever asks, with any number of workers and on either build of the kernel.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fillLiveCatalogue } from '../../core/scoring/catalogue.ts'
import { type Generation, openGeneration, reserveBytes } from '../../core/scoring/generation.ts'
import { shopperKeyOf } from '../../core/scoring/keys.ts'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { snapshotFolder } from '../../core/snapshot/store.ts'
import { listFor } from '../../training/evaluation/liked.ts'
import { serveShop, type TrainedShop, trainShop } from '../support/trained-shop.ts'

const ASKED = 10_000
const AT_ONCE = 100
const K = 20

let shop: TrainedShop
let release: Generation
let debug: Generation

beforeAll(async () => {
  shop = await trainShop()
  const id = shop.snapshots[1]
  const image = await openSnapshot(snapshotFolder(shop.folders.snapshots, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 2),
  })
  release = openGeneration(image, 0)
  debug = openGeneration(image, 1, 'debug')
  fillLiveCatalogue(release.live, release.tables)
})
afterAll(() => shop.remove())

const shopperOf = (i: number) => shopperKeyOf(release, i % (release.tables.shoppers.keysOffsets.view.length - 1))
const evaluated = (g: Generation, shopper: string) => listFor(g, { index: 0, shopper, liked: [] }, K).list

test('both builds of the kernel rank the same', () => {
  for (let i = 0; i < 400; i++) expect(evaluated(debug, shopperOf(i))).toEqual(evaluated(release, shopperOf(i)))
})

test.each([1, 4])('%i workers serve the lists that are evaluated', async (workers) => {
  const server = await serveShop(shop, { workers })
  const { keysBytes, keysOffsets } = release.tables.catalogue
  const keyOf = (item: number) =>
    Buffer.from(keysBytes.view.slice(keysOffsets.view[item], keysOffsets.view[item + 1])).toString()
  for (let from = 0; from < ASKED; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, i) => {
        const shopper = shopperOf(from + i)
        const { body } = await server.call('POST', '/v1/recommend', { shopper, slots: K })
        const served = body.items.map(({ item }: { item: string }) => item)
        expect(served).toEqual(evaluated(release, shopper).map(keyOf))
      }),
    )
  await server.close()
})
