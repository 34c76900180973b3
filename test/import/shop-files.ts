/** A merchant's folder for one test: files and mapping written to disk, imported, read back. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { NO_INDEX, readEvents, readItems, readShoppers } from '../../training/duckdb.ts'
import { importData } from '../../training/import/import.ts'

export interface ShopFiles {
  folder: string
  write: (name: string, content: string | Uint8Array) => Promise<string>
  import: (mapping: object, options?: { threads?: number; out?: string }) => Promise<Imported>
  remove: () => Promise<void>
}

export type Imported = Awaited<ReturnType<typeof importData>> & {
  rejects: string[]
  /** `shopper item kind quantity price`, in the order of the table; `-` for no shopper. */
  events: string[]
  out: string
}

/** Brackets in the name: a path must never be taken for a pattern. */
export async function shopFiles(): Promise<ShopFiles> {
  const folder = await mkdtemp(join(tmpdir(), "offerwright import's [1] "))
  const write = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  return {
    folder,
    write,
    import: async (mapping, { threads = 2, out = 'data' } = {}) => {
      const file = await write('mapping.json', JSON.stringify(mapping))
      const result = await importData({ mapping: file, out: join(folder, out), threads })
      const rejects = (await readFile(join(folder, out, 'rejects.csv'), 'utf8')).trimEnd().split('\n').slice(1)
      return {
        ...result,
        rejects,
        events: await eventTexts(join(folder, out)),
        out: join(folder, out),
      }
    },
    remove: () => rm(folder, { recursive: true }),
  }
}

async function eventTexts(data: string): Promise<string[]> {
  const items = await readItems(data, ['key'])
  const shoppers = await readShoppers(data)
  const events = await readEvents(data, ['shopper_index', 'item_index', 'kind', 'quantity', 'price_minor'])
  return Array.from(events.kind, (kind, row) => {
    const shopper = events.shopper_index[row]
    const who = shopper === NO_INDEX ? '-' : shoppers.key[shopper]
    return [
      who,
      items.key[events.item_index[row]],
      EVENT_KINDS[kind],
      events.quantity[row],
      events.price_minor[row],
    ].join(' ')
  })
}

/** A mapping of one CSV file of purchases whose columns are named after their roles. */
export function purchases(file: string, more: object = {}): Record<string, unknown> & { events: object[] } {
  const columns = {
    item: 'item',
    time: 'time',
    shopper: 'shopper',
    quantity: 'quantity',
    price: 'price',
    order: 'order',
  }
  return { version: 1, currency: 'GBP', events: [{ file, kind: 'purchase', columns, ...more }] }
}

export const HEADER = 'item,time,shopper,quantity,price,order\n'
