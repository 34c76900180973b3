import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLinks, readShoppers } from '../../training/duckdb.ts'
import { HEADER, purchases, type ShopFiles, shopFiles } from './shop-files.ts'

let shop: ShopFiles
beforeEach(async () => {
  shop = await shopFiles()
  const sales = ['ann', 'bob', 'cid'].map((shopper, day) => `a,2024-01-0${day + 1}T00:00:00Z,${shopper},1,2.00,o`)
  await shop.write('sales.csv', `${HEADER}${sales.join('\n')}\n`)
})
afterEach(() => shop.remove())

const COLUMNS = { shopper: 'Kunde', to: 'Freund', weight: 'Treffen' }

function mapping(links: object = {}) {
  return { ...purchases('sales.csv'), links: { file: 'friends.csv', columns: COLUMNS, ...links } }
}

/** `shopper > other weight`, in the order of the file. */
async function linkTexts(data: string): Promise<string[]> {
  const { key } = await readShoppers(data)
  const links = await readLinks(data)
  if (links === null) return []
  return [...links.weight].map((w, row) => `${key[links.shopper_index[row]]} > ${key[links.other_index[row]]} ${w}`)
}

const FRIENDS = `Kunde,Freund,Treffen
cid,ann,1
ann,cid,2.5
ann,bob,3
`

describe('links of the mapping', () => {
  it('become rows by shopper and other shopper, each in its own direction', async () => {
    await shop.write('friends.csv', FRIENDS)
    const { out, quality, rejects } = await shop.import(mapping())
    expect(await linkTexts(out)).toEqual(['ann > bob 3', 'ann > cid 2.5', 'cid > ann 1'])
    expect(quality.links).toEqual({ read: 3, kept: 3, repeated: 0, rejected: 0 })
    expect(rejects).toEqual([])
  })

  it('weigh 1 without a column of weights', async () => {
    await shop.write('friends.csv', FRIENDS)
    const { out } = await shop.import(mapping({ columns: { shopper: 'Kunde', to: 'Freund' } }))
    expect(await linkTexts(out)).toEqual(['ann > bob 1', 'ann > cid 1', 'cid > ann 1'])
  })

  it('are read from a compressed file, with its delimiter and its keys in their normal form', async () => {
    const rows = FRIENDS.replaceAll(',', ';').replace('ann;bob', ' ANN ;Bob')
    await shop.write('friends.csv.gz', gzipSync(rows))
    const normalise = { shopper: ['trim', 'lower'], to: ['lower'] }
    const { out } = await shop.import(mapping({ file: 'friends.csv.gz', delimiter: ';', normalise }))
    expect(await linkTexts(out)).toEqual(['ann > bob 3', 'ann > cid 2.5', 'cid > ann 1'])
  })

  it('set aside what is no link, under the column of the merchant, and count it apart from the events', async () => {
    await shop.write(
      'friends.csv',
      `${FRIENDS},ann,1\nann,,1\nann,ann,1\nzoe,ann,1\nann,zoe,1\nbob,ann,often\nbob,cid,0\nbob,cid,-1\nbob,cid,\n`,
    )
    const { out, quality, rejects } = await shop.import(mapping())
    expect(rejects).toEqual([
      'friends.csv,5,Kunde,missing,',
      'friends.csv,6,Freund,missing,',
      'friends.csv,7,Freund,the shopper itself,ann',
      'friends.csv,8,Kunde,has no events,zoe',
      'friends.csv,9,Freund,has no events,zoe',
      'friends.csv,10,Treffen,not a number above 0,often',
      'friends.csv,11,Treffen,not a number above 0,0',
      'friends.csv,12,Treffen,not a number above 0,-1',
      'friends.csv,13,Treffen,not a number above 0,',
    ])
    expect(await linkTexts(out)).toHaveLength(3)
    expect(quality.links).toEqual({ read: 12, kept: 3, repeated: 0, rejected: 9 })
    expect(quality.rows.rejected).toBe(0)
    expect(quality.items.rejected).toBe(0)
  })

  it('keep the largest weight of a pair', async () => {
    await shop.write('friends.csv', `${FRIENDS}ann,bob,7\nann,bob,0.5\n`)
    const { out, quality } = await shop.import(mapping())
    expect(await linkTexts(out)).toEqual(['ann > bob 7', 'ann > cid 2.5', 'cid > ann 1'])
    expect(quality.links).toEqual({ read: 5, kept: 3, repeated: 2, rejected: 0 })
  })

  it('are the same bytes on any number of threads', async () => {
    await shop.write('friends.csv', FRIENDS)
    const files = await Promise.all(
      [1, 3].map(async (threads) => {
        const { out } = await shop.import(mapping(), { threads, out: `data-${threads}` })
        return readFile(join(out, 'links.parquet'))
      }),
    )
    expect(files[0].equals(files[1])).toBe(true)
  })

  it('leave no file where the mapping names none', async () => {
    const { out, quality } = await shop.import(purchases('sales.csv'))
    expect(existsSync(join(out, 'links.parquet'))).toBe(false)
    expect(quality.links).toBeNull()
  })

  it('are refused when a column is not there', async () => {
    await shop.write('friends.csv', FRIENDS)
    await expect(shop.import(mapping({ columns: { ...COLUMNS, to: 'Nachbar' } }))).rejects.toMatchObject({
      code: 'invalid_mapping',
      field: 'links.columns.to',
      value: 'Nachbar',
    })
  })
})
