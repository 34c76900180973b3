import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppendLog } from '../../core/store/log/writer.ts'
import { Database, readEvents, readItems, readShoppers } from '../../training/duckdb.ts'
import { importData } from '../../training/import/import.ts'
import { compactLog } from '../../training/log/compact.ts'
import { readShopLog } from '../../training/log/rows.ts'

const START = 1_700_000_000_000

let folder: string
let log: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'from-log-'))
  log = join(folder, 'log')
  await mkdir(log)
  await writeFile(join(folder, 'sales.csv'), 'item,time,shopper,event\nlamp,2023-11-01 10:00,anna,mine-1\n')
  const columns = { item: 'item', time: 'time', shopper: 'shopper', id: 'event' }
  const mapping = { version: 1, currency: 'EUR', events: [{ file: 'sales.csv', kind: 'purchase', columns }] }
  await writeFile(join(folder, 'mapping.json'), JSON.stringify({ ...mapping, assumedPriceMinor: 100 }))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const event = (n: number, more: object = {}) =>
  JSON.stringify({
    v: 1,
    shop: 'default',
    id: `e-${n}`,
    kind: 'view',
    item: `item-${n}`,
    shopper: 'ben',
    time: START + n,
    ...more,
  })

/** A segment of the event log with these rows. */
async function logged(...rows: string[]): Promise<void> {
  const kind = { type: 1, schemaVersion: 1, ack: 'durable', onError: () => {} } as const
  const events = await AppendLog.open({ folder: log, name: 'events', ...kind })
  for (const row of rows) events.append(Buffer.from(row))
  await events.close()
}

async function imported() {
  const out = join(folder, 'data')
  const { quality } = await importData({ mapping: join(folder, 'mapping.json'), out, log, threads: 1 })
  const { key: items } = await readItems(out, ['key'])
  const { key: shoppers } = await readShoppers(out)
  const events = await readEvents(out, [
    'item_index',
    'shopper_index',
    'kind',
    'time_ms',
    'price_minor',
    'discount_minor',
  ])
  const keys = [...events.item_index].map((item) => String(items[item]))
  return { quality, events, keys, shoppers, rejects: await readFile(join(out, 'rejects.csv'), 'utf8') }
}

test('events of the log are imported beside those of the files, with prices, discounts and times as logged', async () => {
  await logged(
    event(1),
    event(2, { kind: 'purchase', quantity: 2, priceMinor: 990, discountMinor: 99, campaign: 'spring' }),
  )
  const { events, keys, shoppers } = await imported()
  expect(keys).toEqual(['lamp', 'item-1', 'item-2'])
  expect([...events.kind]).toEqual([2, 0, 2])
  expect([...events.time_ms].slice(1)).toEqual([START + 1, START + 2])
  expect([...events.price_minor].at(-1)).toBe(990)
  expect([...events.discount_minor].at(-1)).toBe(99)
  expect(shoppers).toEqual(['anna', 'ben'])
})

test('sealed segments become Parquet once and are read in place; the one that is written is read again', async () => {
  await logged(event(1))
  await logged(event(2))
  await logged(event(3))
  expect((await imported()).keys).toEqual(['lamp', 'item-1', 'item-2', 'item-3'])
  const [part, ...others] = await readdir(join(log, 'parquet'))
  expect([part, others]).toEqual(['events-000001-000002.parquet', []])
  const { mtimeMs } = await stat(join(log, 'parquet', part))
  await logged(event(4))
  expect((await imported()).keys).toEqual(['lamp', 'item-1', 'item-2', 'item-3', 'item-4'])
  expect((await stat(join(log, 'parquet', part))).mtimeMs).toBe(mtimeMs)
  expect(await readdir(join(log, 'parquet'))).toContain('events-000003-000003.parquet')
})

test('what retention took from the segments is still read from Parquet, once', async () => {
  for (const n of [1, 2, 3, 4]) await logged(event(n))
  await imported()
  for (const left of [['000001'], ['000001', '000002', '000003']]) {
    for (const number of left) await rm(join(log, `events-${number}.segment`), { force: true })
    const rows: string[] = []
    await readShopLog(log, 'events', (text) => void rows.push(text))
    expect(rows).toEqual([event(1), event(2), event(3), event(4)])
  }
  expect((await imported()).keys).toEqual(['lamp', 'item-1', 'item-2', 'item-3', 'item-4'])
})

test('a log that is begun anew beside its Parquet goes on behind it', async () => {
  for (const n of [1, 2]) await logged(event(n))
  await logged(event(3))
  await imported()
  for (const name of await readdir(log)) if (name.endsWith('.segment')) await rm(join(log, name))
  for (const n of [4, 5]) await logged(event(n))
  expect((await imported()).keys).toEqual(['lamp', 'item-1', 'item-2', 'item-4', 'item-5'])
})

test('an id that a file told before is a repeat; an event without an item is left out; a foreign row is a reject', async () => {
  await logged(event(1, { id: 'mine-1' }), event(2, { kind: 'shown', item: undefined }), 'not json', event(3))
  const { keys, rejects, quality } = await imported()
  expect(keys).toEqual(['lamp', 'item-3'])
  expect(rejects.trim().split('\n').slice(1)).toEqual(['log/events-open.parquet,3,item,missing,'])
  expect(quality.rows.read).toBe(5)
})

test('a log of text and one of decisions are compacted too', async () => {
  await writeFile(join(log, 'events-000001.ndjson'), `${event(1)}\n`)
  await writeFile(
    join(log, 'decisions-000001.ndjson'),
    '{"v":2,"time":5,"answer":{"decisionId":"d1"},"request":{"session":"s"}}\n',
  )
  await writeFile(join(log, 'decisions-000002.ndjson'), '')
  expect((await imported()).keys).toEqual(['lamp', 'item-1'])
  const db = await Database.open()
  const [part] = await compactLog(db, log, 'decisions', folder)
  const columns = 'segment, decision_id, session, shopper, time_ms'
  expect(await db.rows(`SELECT ${columns} FROM read_parquet('${part}')`)).toEqual([
    { segment: 1, decision_id: 'd1', session: 's', shopper: null, time_ms: '5' },
  ])
  db.close()
})

test('a shop that was never served is told so', async () => {
  await rm(log, { recursive: true })
  await expect(imported()).rejects.toMatchObject({ code: 'invalid_data', field: 'log', value: log })
})
