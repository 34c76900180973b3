import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { historiesOf, interactionsOf } from '../../training/histories.ts'
import { TRAINING_DEFAULTS } from '../../training/parameters.ts'
import { type SmallEvent, tableOf } from './small-shop.ts'

const { eventWeights } = TRAINING_DEFAULTS
const counts = { items: 6, shoppers: 4 }
const events = fc
  .array(
    fc.record({
      shopper: fc.option(fc.nat(counts.shoppers - 1)),
      item: fc.nat(counts.items - 1),
      kind: fc.constantFrom(...EVENT_KINDS),
    }),
    { maxLength: 60 },
  )
  .map((drawn) => drawn.map((event, position): SmallEvent => ({ ...event, timeMs: position })))

/** By definition: newest first, each item once, the strongest kind, cut to the limit. */
function naiveHistory(all: SmallEvent[], shopper: number, limit: number | null) {
  const own = all.filter((event) => event.shopper === shopper && eventWeights[event.kind] > 0).toReversed()
  const items = [...new Set(own.map(({ item }) => item))]
  const history = items.map((item) => {
    const weights = own.filter((event) => event.item === item).map(({ kind }) => eventWeights[kind])
    return { item, weight: Math.max(...weights) }
  })
  return limit === null ? history : history.slice(0, limit)
}

test('a history holds distinct items newest first with the weight of the strongest event', () => {
  fc.assert(
    fc.property(events, fc.option(fc.integer({ min: 1, max: 5 })), (all, limit) => {
      const { indptr, items, kinds, cut } = historiesOf(tableOf(all), counts, eventWeights, limit)
      let whole = 0
      for (let shopper = 0; shopper < counts.shoppers; shopper++) {
        const found = Array.from(items.subarray(indptr[shopper], indptr[shopper + 1]), (item, at) => ({
          item,
          weight: eventWeights[EVENT_KINDS[kinds[indptr[shopper] + at]]],
        }))
        expect(found).toEqual(naiveHistory(all, shopper, limit))
        whole += naiveHistory(all, shopper, null).length
      }
      expect(items.length + cut).toBe(whole)
    }),
    { seed: 21 },
  )
})

test('interactions hold the largest weight of each shopper and item, in both directions', () => {
  fc.assert(
    fc.property(events, (all) => {
      const { byShopper, byItem, activeShoppers } = interactionsOf(tableOf(all), counts, eventWeights, null)
      const active = new Set<number>()
      for (let shopper = 0; shopper < counts.shoppers; shopper++) {
        const expected = naiveHistory(all, shopper, null).toSorted((a, b) => a.item - b.item)
        if (expected.length > 0) active.add(shopper)
        const [start, end] = [byShopper.indptr[shopper], byShopper.indptr[shopper + 1]]
        expect([...byShopper.indices.subarray(start, end)]).toEqual(expected.map(({ item }) => item))
        expect([...byShopper.data.subarray(start, end)]).toEqual(expected.map(({ weight }) => Math.fround(weight)))
        for (const { item, weight } of expected) {
          const column = byItem.indices.subarray(byItem.indptr[item], byItem.indptr[item + 1])
          expect(byItem.data[byItem.indptr[item] + column.indexOf(shopper)]).toBe(Math.fround(weight))
        }
      }
      expect(activeShoppers).toBe(active.size)
      expect(byItem.indices.length).toBe(byShopper.indices.length)
    }),
    { seed: 22 },
  )
})
