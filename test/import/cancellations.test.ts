import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEADER, purchases, shopFiles } from './shop-files.ts'

interface Row {
  item: string
  shopper: string
  quantity: number
  day: number
  cancels: boolean
}

const row = fc.record({
  item: fc.constantFrom('a', 'b'),
  shopper: fc.constantFrom('s', 't', ''),
  quantity: fc.constantFrom(1, 2),
  day: fc.integer({ min: 1, max: 9 }),
  cancels: fc.boolean(),
})

/** Each cancellation, in order of time, pops the newest purchase of the same shopper, item and quantity. */
function survivors(rows: Row[]): string[] {
  const open = new Map<string, Row[]>()
  const gone = new Set<Row>()
  const inOrder = rows.toSorted((a, b) => a.day - b.day || Number(a.cancels) - Number(b.cancels))
  for (const event of inOrder.filter(({ shopper }) => shopper !== '')) {
    const key = [event.shopper, event.item, event.quantity].join()
    const stack = open.get(key) ?? []
    if (!event.cancels) open.set(key, [...stack, event])
    else if (stack.length > 0) gone.add(stack.pop() as Row)
  }
  return rows.filter((event) => !event.cancels && !gone.has(event)).map(text)
}

const text = ({ item, shopper, quantity, day }: Row) => `${day} ${shopper || '-'} ${item} ${quantity}`

describe('a cancellation', () => {
  it('takes back the newest earlier purchase of the same shopper, item and quantity that is still standing', async () => {
    const shop = await shopFiles()
    const property = fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
      // A row of another item keeps the import from ending up empty; price tells the day.
      const lines = rows.map(
        (event, i) =>
          `${event.item},2024-01-0${event.day}T00:00:00Z,${event.shopper},${event.cancels ? -event.quantity : event.quantity},${event.day},${event.cancels ? 'C' : 'o'}${i}`,
      )
      await shop.write('sales.csv', `${HEADER}z,2024-01-01T00:00:00Z,z,1,1,o\n${lines.join('\n')}`)
      const mapping = purchases('sales.csv', { cancellations: [{ column: 'order', startsWith: 'C' }] })
      const { events, quality } = await shop.import(mapping)
      const left = events
        .map((event) => event.split(' '))
        .filter(([shopper]) => shopper !== 'z')
        .map(([shopper, item, , quantity, price]) => `${Number(price) / 100} ${shopper} ${item} ${quantity}`)
      expect(left.sort()).toEqual(survivors(rows).sort())
      expect(quality.cancellations.matched).toBe(quality.leftOut.reversedPurchase.lines)
    })
    await fc.assert(property, { seed: 21, numRuns: 10 }).finally(shop.remove)
  })
})
