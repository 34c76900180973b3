import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { emptyLiveShopper, LIVE_OFFERS } from '../../core/contract/live.ts'
import { type KeptOffer, KeptOffers, keptOffersMemory } from '../../core/store/kept-offers.ts'

const subject = { lo: 7, hi: 9 }
const offer = (itemLo: number, validUntil: number): KeptOffer => ({
  itemLo,
  itemHi: 1,
  campaignHash: 0xdead_beef,
  minor: 150,
  thresholdMinor: 0,
  validUntil,
})

function held(kept: KeptOffers, time: number, of = subject) {
  const live = emptyLiveShopper()
  kept.read(of, time, live)
  return { items: [...live.offerItems].filter((_, i) => i % 2 === 0).slice(0, live.nOffers), room: live.offerRoom }
}

test('an offer is held until it expires, and then makes room', () => {
  const kept = new KeptOffers(keptOffersMemory(8), 1)
  expect(kept.add(subject, offer(0xffff_fff0, 2 ** 41 + 500), 0)).toBe(true)
  expect(held(kept, 2 ** 41 + 499)).toEqual({ items: [0xffff_fff0], room: LIVE_OFFERS - 1 })
  expect(held(kept, 2 ** 41 + 500)).toEqual({ items: [], room: LIVE_OFFERS })
  expect(held(kept, 0, { lo: 7, hi: 8 }).items).toEqual([])
})

test('a used offer is held no longer, others are', () => {
  const kept = new KeptOffers(keptOffersMemory(8), 1)
  for (const item of [1, 2]) kept.add(subject, offer(item, 1000), 0)
  kept.use(subject, { lo: 1, hi: 1 }, 0xdead_beef)
  kept.use(subject, { lo: 2, hi: 1 }, 0x1234)
  expect(held(kept, 500).items).toEqual([2])
})

test('what is held of one campaign is told, and ends at once', () => {
  const kept = new KeptOffers(keptOffersMemory(8), 1)
  for (const item of [1, 2]) kept.add(subject, offer(item, 1000 + item), 0)
  kept.add(subject, { ...offer(3, 1000), campaignHash: 5 }, 0)
  const of = (time: number) => kept.held(subject, 0xdead_beef, time)
  expect(of(500)).toEqual([1001, 1002].map((validUntil) => ({ minor: 150, validUntil })))
  expect(of(1001)).toHaveLength(1)
  expect(kept.held({ lo: 7, hi: 8 }, 0xdead_beef, 0)).toEqual([])
  kept.end(subject, 0xdead_beef)
  expect(of(0)).toEqual([])
  expect(held(kept, 500).items).toEqual([3])
})

test('nothing that holds is taken back to make room', () => {
  const kept = new KeptOffers(keptOffersMemory(1), 1)
  const subjects = Array.from({ length: 8 }, (_, hi) => ({ lo: 0, hi: hi + 1 }))
  for (const each of subjects) expect(kept.add(each, offer(3, 1000), 0)).toBe(true)
  const ninth = { lo: 0, hi: 99 }
  expect(held(kept, 500, ninth).room).toBe(0)
  expect(kept.add(ninth, offer(3, 2000), 500)).toBe(false)
  for (const each of subjects) expect(held(kept, 500, each).items).toEqual([3])
  expect(held(kept, 1000, ninth).room).toBe(LIVE_OFFERS)
  expect(kept.add(ninth, offer(3, 2000), 1000)).toBe(true)
})

test('threads that decide for one shopper at the same time agree on one offer an item', async () => {
  const memory = keptOffersMemory(64)
  const drawn = await Promise.all(
    Array.from({ length: 4 }, (_, thread) => {
      const worker = new Worker(new URL('./offer-keeper.js', import.meta.url), {
        workerData: { memory, holder: thread + 1, items: 20 },
      })
      return new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  for (const other of drawn) expect(other).toEqual(drawn[0])
})

test('the lock of a holder that died is given back, and the locks of others are not', () => {
  const memory = keptOffersMemory(64)
  new KeptOffers(memory, 9).lock(subject)
  new KeptOffers(memory, 8).lock({ lo: 8, hi: 9 })
  KeptOffers.giveBack(memory, 9)
  expect([...new Int32Array(memory)].filter((word) => word !== 0)).toEqual([8])
  new KeptOffers(memory, 7).lock(subject)
})

test('of a forgotten subject nothing is left in memory, and others keep theirs', () => {
  const memory = keptOffersMemory(8)
  const kept = new KeptOffers(memory, 1)
  const neighbour = { lo: 7, hi: 10 }
  for (const of of [subject, neighbour]) kept.add(of, offer(0xabcd_ef01, 1000), 0)
  kept.forget(subject)
  kept.forget({ lo: 7, hi: 11 })
  expect(held(kept, 500)).toEqual({ items: [], room: LIVE_OFFERS })
  expect(held(kept, 500, neighbour).items).toEqual([0xabcd_ef01])
  kept.forget(neighbour)
  expect([...new Uint32Array(memory)].some((word) => word === 0xabcd_ef01 || word === 0xdead_beef)).toBe(false)
})
