import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOT_BOUGHT } from '../../core/snapshot/layout.ts'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { readDataset } from '../../training/dataset.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { sectionFile } from '../../training/sections.ts'
import { StageContext } from '../../training/stage.ts'
import { trainRhythm } from '../../training/stages/rhythm.ts'
import { trainShoppers } from '../../training/stages/shoppers.ts'
import { trainTogether } from '../../training/stages/together.ts'
import { newnessOf, trendingOf } from '../../training/stages/trends.ts'
import { DAY_MS, type SmallEvent, tableOf, temporaryFolder, writeData } from './small-shop.ts'

const ITEMS = 6
const SHOPPERS = 3
const RUNS = { seed: 20_111_112, numRuns: 25 }

const events = fc.array(
  fc.record({
    shopper: fc.option(fc.nat(SHOPPERS - 1)),
    item: fc.nat(ITEMS - 1),
    kind: fc.constantFrom('purchase', 'purchase', 'purchase', 'view') as fc.Arbitrary<SmallEvent['kind']>,
    timeMs: fc.integer({ min: 0, max: 40 * DAY_MS }),
    order: fc.option(fc.constantFrom('o1', 'o2', 'o3', 'o4', 'o5')),
  }),
  { minLength: 1, maxLength: 60 },
)

async function contextOf(list: SmallEvent[]): Promise<StageContext> {
  const folder = await temporaryFolder()
  const data = join(folder, 'data')
  await writeData(data, Array(ITEMS).fill({}), SHOPPERS, list)
  const parameters = trainingParameters({ together: { leastOrders: 2, largestOrder: 4, kept: 2 } })
  return new StageContext(await readDataset(data, null), join(folder, 'sections'), parameters, () => undefined)
}

describe('the together section', () => {
  /** `source target share`, counted order by order. */
  function naive(list: SmallEvent[]): string[] {
    const orders = new Map<string, Set<number>>()
    for (const { kind, order, shopper, item, timeMs } of list) {
      if (kind !== 'purchase' || (order === null && shopper === null)) continue
      const name = order === null ? `day ${shopper} ${Math.floor(timeMs / DAY_MS)}` : `order ${order}`
      orders.set(name, (orders.get(name) ?? new Set()).add(item))
    }
    const baskets = [...orders.values()].filter((basket) => basket.size <= 4)
    const count = (...items: number[]) => baskets.filter((basket) => items.every((item) => basket.has(item))).length
    return Array.from({ length: ITEMS }, (_, source) => source).flatMap((source) =>
      Array.from({ length: ITEMS }, (_, target) => ({ target, n: count(source, target) }))
        .filter(({ target, n }) => target !== source && n >= 2)
        .sort((a, b) => b.n - a.n || a.target - b.target)
        .slice(0, 2)
        .sort((a, b) => a.target - b.target)
        .map(({ target, n }) => `${source} ${target} ${Math.fround(n / count(source))}`),
    )
  }

  it('holds the share of an item’s orders that hold the other one too', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const context = await contextOf(list as SmallEvent[])
        const report = await trainTogether(context)
        const file = sectionFile(context.sections, 'together')
        const expected = naive(list as SmallEvent[])
        expect(report?.metrics.pairs ?? 0).toBe(expected.length)
        expect(existsSync(file)).toBe(report !== null)
        if (report === null) return
        const { indptr, indices, data } = await readSafetensors(file)
        const rows = Array.from({ length: ITEMS }, (_, j) =>
          Array.from({ length: Number(indptr.data[j + 1]) - Number(indptr.data[j]) }, (_, k) => {
            const p = Number(indptr.data[j]) + k
            return `${j} ${indices.data[p]} ${data.data[p]}`
          }),
        )
        expect(rows.flat()).toEqual(expected)
      }),
      RUNS,
    )
  })
})

describe('the rhythm section', () => {
  const dayOf = ({ timeMs }: SmallEvent) => Math.floor(timeMs / DAY_MS)

  function naive(list: SmallEvent[], item: number): { rate: number; interval: number } {
    const days = Array.from({ length: SHOPPERS }, (_, shopper) => {
      const bought = list.filter((e) => e.kind === 'purchase' && e.shopper === shopper && e.item === item)
      return [...new Set(bought.map(dayOf))].sort((a, b) => a - b)
    })
    const gaps = days.flatMap((list) => list.slice(1).map((day, i) => day - list[i])).sort((a, b) => a - b)
    if (gaps.length === 0) return { rate: 0, interval: 0 }
    const buyers = days.filter((list) => list.length > 0).length
    return {
      rate: Math.fround(days.filter((list) => list.length > 1).length / buyers),
      interval: gaps[Math.floor((gaps.length + 1) / 2) - 1],
    }
  }

  it('holds who buys again, after how long, and when each shopper last bought', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const context = await contextOf(list as SmallEvent[])
        await trainShoppers(context)
        const report = await trainRhythm(context)
        const expected = Array.from({ length: ITEMS }, (_, item) => naive(list as SmallEvent[], item))
        expect(report === null).toBe(expected.every(({ interval }) => interval === 0))
        if (report === null) return
        const tables = await readSafetensors(sectionFile(context.sections, 'rhythm'))
        expect([...tables.repeat_rate.data]).toEqual(expected.map(({ rate }) => rate))
        expect([...tables.interval_days.data]).toEqual(expected.map(({ interval }) => interval))
        const shoppers = await readSafetensors(sectionFile(context.sections, 'shoppers'))
        const { watermark } = context.dataset
        for (let s = 0; s < SHOPPERS; s++)
          for (let p = Number(shoppers.history_indptr.data[s]); p < Number(shoppers.history_indptr.data[s + 1]); p++) {
            const item = Number(shoppers.history_items.data[p])
            const bought = list.filter((e) => e.kind === 'purchase' && e.shopper === s && e.item === item)
            const newest = Math.max(...bought.map(({ timeMs }) => timeMs))
            const days = bought.length === 0 ? NOT_BOUGHT : Math.floor((watermark - newest) / DAY_MS)
            expect(tables.history_days.data[p]).toBe(days)
          }
      }),
      RUNS,
    )
  })
})

describe('trends', () => {
  const bought = (item: number, day: number): SmallEvent => ({
    shopper: 0,
    item,
    kind: 'purchase',
    timeMs: day * DAY_MS,
  })
  const daily = (item: number, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, d) => bought(item, from + d))

  it('are of the item whose purchases rose, not of the one that sells steadily or fell', () => {
    const list = [
      ...daily(0, 0, 100),
      ...daily(1, 0, 100),
      ...daily(1, 98, 100),
      ...daily(1, 98, 100),
      ...daily(2, 0, 80),
    ]
    const [steady, risen, fallen, nothing] = trendingOf(tableOf(list), 4, 100 * DAY_MS, 3, 28)
    expect(risen).toBe(1)
    expect(steady).toBeLessThan(0.2)
    expect([fallen, nothing]).toEqual([0, 0])
  })

  it('newness falls evenly from an item’s first event, and nothing of the first day is new', () => {
    const list = [...daily(0, 0, 50), bought(1, 50), bought(2, 35), bought(2, 49), bought(3, 5)]
    expect([...newnessOf(tableOf(list), 5, 50 * DAY_MS, 30)]).toEqual([0, 1, 0.5, 0, 0])
  })
})
