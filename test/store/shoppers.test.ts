import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyLiveShopper, LIVE_CONTACTS, LIVE_EVENTS, liveShopperToRow } from '../../core/contract/live.ts'
import { ShopperReader, ShopperWriter, shopperMemory } from '../../core/store/shoppers.ts'

const MOST_TIME = 253_402_300_799_999
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const time = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: MOST_TIME }))
const subject = fc.integer({ min: 1, max: 6 }).map((n) => ({ lo: n * 7919, hi: n }))
const entry = fc.record({
  subject,
  contact: fc.boolean(),
  itemLo: word,
  itemHi: word,
  kind: fc.integer({ min: 0, max: 5 }),
  time,
})

function read(memory: SharedArrayBuffer, { lo, hi }: { lo: number; hi: number }) {
  const live = emptyLiveShopper()
  new ShopperReader(memory).read(lo, hi, live)
  return liveShopperToRow(live)
}

const hex = (value: number) => value.toString(16).padStart(8, '0')
const KINDS = ['view', 'cart', 'purchase', 'shown', 'clicked', 'uncart']

test('each subject reads back its newest events and contacts, whatever the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const memory = shopperMemory(1024)
      const writer = new ShopperWriter(memory)
      const naive = new Map<number, { events: object[]; contacts: object[] }>()
      for (const { subject, contact, itemLo, itemHi, kind, time } of entries) {
        const mine = naive.get(subject.hi) ?? { events: [], contacts: [] }
        naive.set(subject.hi, mine)
        if (contact) {
          writer.appendContact(subject, { campaignHash: itemLo, time })
          mine.contacts.unshift({ campaignHash: hex(itemLo), time })
        } else {
          writer.append(subject, { itemLo, itemHi, kind, time })
          mine.events.unshift({ itemHash: hex(itemHi) + hex(itemLo), kind: KINDS[kind], time })
        }
      }
      const newest = (list: object[], limit: number) =>
        (list as { time: number }[]).sort((a, b) => b.time - a.time).slice(0, limit)
      for (const [n, mine] of naive)
        expect(read(memory, { lo: n * 7919, hi: n })).toMatchObject({
          events: newest(mine.events, LIVE_EVENTS),
          contacts: newest(mine.contacts, LIVE_CONTACTS),
        })
      expect(writer.evicted).toBe(0)
    }),
    { seed: 11, numRuns: 200 },
  )
})

test('an unknown subject has nothing live', () => {
  expect(read(shopperMemory(8), { lo: 1, hi: 2 })).toMatchObject({ events: [], contacts: [], uses: [], offers: [] })
})

test('a full set gives up the record that was written least recently, and counts it', () => {
  const memory = shopperMemory(8)
  const writer = new ShopperWriter(memory)
  const view = { itemLo: 1, itemHi: 1, kind: 0, time: 1 }
  for (let n = 1; n <= 8; n++) writer.append({ lo: n, hi: n }, view)
  writer.append({ lo: 1, hi: 1 }, view)
  writer.append({ lo: 9, hi: 9 }, view)
  expect(writer.evicted).toBe(1)
  expect(read(memory, { lo: 2, hi: 2 }).events).toHaveLength(0)
  expect(read(memory, { lo: 1, hi: 1 }).events).toHaveLength(2)
  expect(read(memory, { lo: 9, hi: 9 }).events).toHaveLength(1)
})

test('a reader in another thread never sees a half-written record', async () => {
  const memory = shopperMemory(8)
  const state = new Int32Array(new SharedArrayBuffer(8))
  const reader = new Worker(new URL('./shopper-reader.js', import.meta.url), { workerData: { memory, state } })
  const torn = new Promise<number>((resolve, reject) => reader.once('message', resolve).once('error', reject))
  await new Promise((resolve) => reader.once('online', resolve))
  const writer = new ShopperWriter(memory)
  // Item hash, kind and time of every event derive from one number, so a mixed record shows.
  for (let n = 0; n < 300_000 || Atomics.load(state, 1) < 1000; n++)
    writer.append({ lo: 1 + (n % 2), hi: 0 }, { itemLo: n, itemHi: n, kind: n % 6, time: n })
  Atomics.store(state, 0, 1)
  expect(await torn).toBe(0)
})

test('of a forgotten subject nothing is left in memory, and others keep theirs', () => {
  const memory = shopperMemory(8)
  const writer = new ShopperWriter(memory)
  const [gone, stays] = [7, 8].map((hi) => ({ lo: 8 * 7919, hi }))
  for (const of of [gone, stays]) writer.append(of, { itemLo: 0xabcd_ef01, itemHi: 2, kind: 1, time: 5 })
  const before = read(memory, stays)
  writer.forget(gone)
  writer.forget({ lo: 8 * 7919, hi: 9 })
  expect(read(memory, gone)).toMatchObject({ events: [], contacts: [] })
  expect(read(memory, stays)).toEqual(before)
  writer.forget(stays)
  expect(new Uint32Array(memory).includes(0xabcd_ef01)).toBe(false)
  writer.append(gone, { itemLo: 3, itemHi: 4, kind: 1, time: 6 })
  expect(read(memory, gone).events).toHaveLength(1)
})
