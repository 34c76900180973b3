import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { NO_SOURCE } from '../../core/scoring/blends.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { readDataset } from '../../training/dataset.ts'
import { openHeldOut } from '../../training/held-out.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { sectionFile } from '../../training/sections.ts'
import { linkTables } from '../../training/stages/links.ts'
import { train } from '../../training/train.ts'
import { HEADER, purchases, type ShopFiles, shopFiles } from '../import/shop-files.ts'

let shop: ShopFiles
beforeEach(async () => {
  shop = await shopFiles()
  const rows = ['ann,tea', 'cid,tea', 'cid,cup', 'dora,tea', 'dora,cup', 'bob,kite'].map((pair, hour) => {
    const [shopper, item] = pair.split(',')
    return `${item},2024-01-01T0${hour}:00:00Z,${shopper},1,2.00,${shopper}`
  })
  await shop.write('sales.csv', `${HEADER}${rows.join('\n')}\n`)
  await shop.write('friends.csv', 'shopper,to\nann,bob\n')
})
afterEach(() => shop.remove())

const linked = {
  ...purchases('sales.csv'),
  links: { file: 'friends.csv', columns: { shopper: 'shopper', to: 'to' } },
}

it('what a friend bought is recommended, and the reason says so', async () => {
  const { out } = await shop.import(linked)
  const blend = { ...NO_SOURCE, links: 1 }
  const parameters = trainingParameters({ blend: { known: blend, session: blend } })
  const g = await openHeldOut(await readDataset(out, null), parameters, join(shop.folder, 'model'))
  const { items } = recommend(g, { shopper: 'ann', slots: 3 }, emptyLiveShopper())
  expect(items[0]).toMatchObject({ item: 'kite', reasons: [{ code: 'linked_shoppers' }] })
})

it('links bring the histories they need, and neither is left where the data has none', async () => {
  const sections = join(shop.folder, 'sections')
  const left = async (mapping: object) => {
    const { out } = await shop.import(mapping)
    for (const stage of ['peers', 'links'])
      await train({ data: out, sections, parameters: trainingParameters(), stage })
    return ['peers', 'links'].map((name) => existsSync(sectionFile(sections, name)))
  }
  expect(await left(linked)).toEqual([true, true])
  expect(await left(purchases('sales.csv'))).toEqual([false, false])
})

it("a shopper's weights add up to 1", () => {
  const rows = {
    shopper_index: Uint32Array.of(0, 0, 2),
    other_index: Uint32Array.of(1, 2, 0),
    weight: Float64Array.of(1, 3, 5),
  }
  const { indptr, shoppers, weight } = linkTables(rows, 3)
  expect([...indptr]).toEqual([0, 2, 2, 3])
  expect([...shoppers]).toEqual([1, 2, 0])
  expect([...weight]).toEqual([0.25, 0.75, 1])
})
