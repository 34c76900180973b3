import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import {
  Database,
  NO_INDEX,
  quoteText,
  readEvents,
  readLinks,
  readShoppers,
  readTraitRows,
} from '../../training/duckdb.ts'
import { eraseFromData } from '../../training/erasure/erase-data.ts'
import { key, type SmallEvent, temporaryFolder, writeData } from './small-shop.ts'

const view = (shopper: number | null, item: number, timeMs: number, kind: SmallEvent['kind'] = 'view'): SmallEvent => ({
  shopper,
  item,
  kind,
  timeMs,
})
const EVENTS = [
  view(0, 0, 10),
  view(1, 1, 20, 'purchase'),
  view(null, 2, 30),
  view(1, 2, 40),
  view(2, 0, 50, 'purchase'),
  view(1, 0, 60, 'purchase'),
  view(3, 1, 70),
]

/** Four shoppers with traits and links. */
async function shop(): Promise<string> {
  const data = join(await temporaryFolder(), 'data')
  await writeData(data, [{}, {}, {}], 4, EVENTS)
  const db = await Database.open({ threads: 1 })
  const write = (table: string, columns: string, rows: string) =>
    db.run(`CREATE TABLE ${table} AS SELECT * FROM (VALUES ${rows}) AS v(${columns});
      COPY ${table} TO ${quoteText(join(data, `${table}.parquet`))} (FORMAT parquet)`)
  await write(
    'traits',
    'shopper_index, name, value, number',
    "(0, 'tier', 'gold', NULL::DOUBLE), (1, 'tier', 'tin', NULL), (3, 'age', NULL, 40)",
  )
  await write('links', 'shopper_index, other_index, weight', '(0, 1, 1.0), (2, 3, 0.5), (3, 1, 0.25)')
  db.close()
  await writeFile(
    join(data, 'rejects.csv'),
    `file,line,column,reason,value\nf,1,kind,unknown,${key('s', 1)}\nf,2,kind,unknown,x\n`,
  )
  return data
}

async function erasing(key: string, time: number): Promise<Erasures> {
  const erasures = Erasures.read(await temporaryFolder())
  erasures.add(key, time)
  return erasures
}

const rowsOf = async (data: string) => {
  const { shopper_index, item_index, time_ms } = await readEvents(data, ['shopper_index', 'item_index', 'time_ms'])
  return [...time_ms].map((time, e) => [shopper_index[e] === NO_INDEX ? null : shopper_index[e], item_index[e], time])
}

test('an erased shopper’s events, traits, links and key go; the others are numbered anew', async () => {
  const data = await shop()
  expect(await eraseFromData(data, await erasing(key('s', 1), 100))).toEqual({ shoppers: 1, events: 3 })
  expect((await readShoppers(data)).key).toEqual([key('s', 0), key('s', 2), key('s', 3)])
  expect(await rowsOf(data)).toEqual([
    [0, 0, 10],
    [null, 2, 30],
    [1, 0, 50],
    [2, 1, 70],
  ])
  expect([...((await readTraitRows(data))?.shopper_index ?? [])]).toEqual([0, 2])
  const links = await readLinks(data)
  expect([[...(links?.shopper_index ?? [])], [...(links?.other_index ?? [])], [...(links?.weight ?? [])]]).toEqual([
    [1],
    [2],
    [0.5],
  ])
  expect(JSON.parse(await readFile(join(data, 'dataset.json'), 'utf8'))).toMatchObject({
    shoppers: 3,
    events: 4,
    purchases: 1,
    watermark: 70,
    items: 3,
  })
  expect(await readFile(join(data, 'rejects.csv'), 'utf8')).toBe('file,line,column,reason,value\nf,2,kind,unknown,x\n')
})

test('who came back keeps what came after, and nothing of what was known before', async () => {
  const data = await shop()
  expect(await eraseFromData(data, await erasing(key('s', 1), 40))).toEqual({ shoppers: 1, events: 2 })
  expect((await readShoppers(data)).key).toHaveLength(4)
  expect((await rowsOf(data)).filter(([shopper]) => shopper === 1)).toEqual([[1, 0, 60]])
  expect([...((await readTraitRows(data))?.shopper_index ?? [])]).toEqual([0, 3])
})

test('again, or of nobody in the data, changes no file', async () => {
  const data = await shop()
  const erasures = await erasing(key('s', 1), 100)
  await eraseFromData(data, erasures)
  const before = await readFile(join(data, 'events.parquet'))
  expect(await eraseFromData(data, erasures)).toEqual({ shoppers: 0, events: 0 })
  expect(await eraseFromData(data, await erasing('stranger', 100))).toEqual({ shoppers: 0, events: 0 })
  expect(await eraseFromData(join(data, 'nowhere'), erasures)).toEqual({ shoppers: 0, events: 0 })
  expect((await readFile(join(data, 'events.parquet'))).equals(before)).toBe(true)
})
