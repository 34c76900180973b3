import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HEADER, purchases, type ShopFiles, shopFiles } from './shop-files.ts'

describe('a mapping that does not hold', () => {
  let shop: ShopFiles
  beforeAll(async () => {
    shop = await shopFiles()
    await shop.write('sales.csv', `${HEADER}a,2024-01-01T00:00:00Z,s,1,2.00,o\n`)
  })
  afterAll(() => shop.remove())

  const refusal = async (mapping: object) =>
    shop.import(mapping).then(
      () => '',
      (error: Error) => error.message,
    )

  it('is refused with every fault of its form at once', async () => {
    const events = Array.from({ length: 12 }, () => ({ file: '', columns: { item: 'item' }, colour: 'red' }))
    const message = await refusal({ version: 2, currency: 'pounds', events })
    for (const named of ['version', 'currency', 'events[0].file', 'events[11].columns.time', 'events[11].colour'])
      expect(message).toContain(`\n  ${named}:`)
    expect(message).toContain('"pounds"')
  })

  it('is refused with every fault of its sense at once, each with a remedy', async () => {
    const mapping = {
      version: 1,
      currency: 'ABC',
      events: [
        {
          file: 'sales.csv',
          columns: { item: 'item', time: 'time', title: 'item' },
          kinds: { buy: 'purchase' },
          time: { zone: 'Mars/Olympus' },
          notGoods: [{ column: 'item', equals: 'x', startsWith: 'y' }],
        },
      ],
      items: { file: 'sales.csv', columns: { item: 'item' } },
    }
    const message = await refusal(mapping)
    expect(message.split('\n').slice(1)).toEqual([
      expect.stringContaining('currency: invalid currency: ABC (an ISO 4217 code such as GBP)'),
      expect.stringContaining('events[0].kind: give either kind (one of view, cart, purchase'),
      expect.stringContaining('events[0].kinds: needs columns.kind'),
      expect.stringContaining('events[0].time.zone: unknown time zone: Mars/Olympus'),
      expect.stringContaining('events[0].notGoods[0]: give exactly one of equals, oneOf, startsWith, matches'),
      expect.stringContaining('events[0].columns.title: belongs to items.columns'),
      expect.stringContaining('items.columns.price: no price anywhere'),
    ])
  })

  it('names the columns that are not there and those that are', async () => {
    const mapping = purchases('sales.csv', { columns: { item: 'sku', time: 'when', price: 'price' } })
    await expect(shop.import(mapping)).rejects.toMatchObject({
      code: 'invalid_mapping',
      field: 'events[0].columns.item',
      value: 'sku',
    })
    const message = await refusal(mapping)
    expect(message).toContain('events[0].columns.time: no column "when"')
    expect(message).toContain('it has: item, time, shopper, quantity, price, order')
  })

  it('names patterns that do not parse', async () => {
    const message = await refusal(
      purchases('sales.csv', { time: { format: '%Q' }, cancellations: [{ column: 'item', matches: '(' }] }),
    )
    expect(message).toContain('events[0].time.format: ')
    expect(message).toContain('events[0].cancellations[0].matches: ')
  })

  it('takes names and texts as data, never as SQL', async () => {
    const nasty = `x'); DROP TABLE rejects; --"`
    await shop.write('nasty.csv', `"${nasty.replaceAll('"', '""')}",time,price\nkey,2024-01-01T00:00:00Z,1\n`)
    const { events } = await shop.import(
      purchases('nasty.csv', {
        columns: { item: nasty, time: 'time', price: 'price' },
        notGoods: [{ column: nasty, oneOf: [nasty] }],
        cancellations: [{ column: nasty, startsWith: nasty }],
      }),
    )
    expect(events).toEqual(['- key purchase 1 100'])
  })
})
