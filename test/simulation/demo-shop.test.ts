import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMinor } from '../../core/contract/money.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { type GeneratedShop, generateShop } from '../../training/simulation/generate.ts'
import { parseTruth, readTruth, SHOPPER_TYPES, truthParameters } from '../../training/simulation/parameters.ts'
import { ShopperState } from '../../training/simulation/shopper-state.ts'
import {
  categoryOf,
  drawShopper,
  emptyShopper,
  indexOfKey,
  listPriceMinor,
  openTruth,
  purchaseProbability,
} from '../../training/simulation/truth.ts'

const SIZE = { items: 4000, shoppers: 3000, events: 120_000, seed: 3, dirt: 0.01 }

let root: string
let shop: GeneratedShop
let rows: string[][]
const folder = () => join(root, 'a')

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'demo-shop-'))
  shop = await generateShop(folder(), truthParameters(SIZE))
  rows = trueRows()
})

afterAll(() => rm(root, { recursive: true, force: true }))

function csv(name: string, from = folder()): string[][] {
  const lines = gunzipSync(readFileSync(join(from, name)))
    .toString()
    .trimEnd()
    .split('\n')
  return lines.slice(1).map((line) => line.split(','))
}

/** Rows as they happened: what a strict reader keeps. */
function trueRows(): string[][] {
  return csv('events.csv.gz').filter(
    ([time, , , event, item, quantity, price]) =>
      !Number.isNaN(Date.parse(time)) &&
      ['view', 'cart', 'purchase'].includes(event) &&
      item !== '' &&
      quantity !== 'two' &&
      !price.startsWith('-'),
  )
}

const amounts = new Map<string, number>()

/** `parseMinor`, once for each text. */
function minor(text: string): number {
  const amount = amounts.get(text) ?? parseMinor(text, 'GBP')
  amounts.set(text, amount)
  return amount
}

function digests(from: string): Record<string, string> {
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(from, name)))
      .digest('hex')
  return Object.fromEntries(readdirSync(from).map((name) => [name, digest(name)]))
}

describe('the demo shop', () => {
  it('is the same, byte for byte, for the same seed and size', async () => {
    await generateShop(join(root, 'b'), truthParameters(SIZE))
    expect(digests(join(root, 'b'))).toEqual(digests(folder()))
    expect(Object.keys(digests(folder())).sort()).toEqual([
      'campaigns.json',
      'events.csv.gz',
      'items.csv.gz',
      'mapping.json',
      'shoppers.csv.gz',
      'truth.json',
    ])
  })

  it('differs for another seed', async () => {
    await generateShop(join(root, 'c'), truthParameters({ ...SIZE, events: 5000, seed: 4 }))
    expect(csv('items.csv.gz', join(root, 'c'))).not.toEqual(csv('items.csv.gz'))
  })

  it('keeps its true rows when the dirt is left out', async () => {
    const clean = await generateShop(join(root, 'd'), truthParameters({ ...SIZE, dirt: 0 }))
    expect(Object.values(clean.faulty)).toEqual([0, 0, 0, 0, 0])
    expect(csv('events.csv.gz', join(root, 'd')).join('\n') === rows.join('\n')).toBe(true)
  })

  it('counts what it wrote', () => {
    const faulty = Object.values(shop.faulty).reduce((sum, count) => sum + count, 0)
    expect(rows.length).toBe(shop.events)
    expect(csv('events.csv.gz').length).toBe(shop.events + faulty)
    expect(rows.filter((row) => row[3] === 'purchase').length).toBe(shop.purchases)
    expect(faulty / shop.events).toBeGreaterThan(0.007)
    expect(faulty / shop.events).toBeLessThan(0.013)
    expect(csv('items.csv.gz').length).toBe(SIZE.items)
  })

  it('holds about as many events as asked', () => {
    expect(Math.abs(shop.events / SIZE.events - 1)).toBeLessThan(0.1)
  })

  it('writes rows of ten fields in order of time', () => {
    expect(rows.filter((row) => row.length !== 10)).toEqual([])
    const times = rows.map(([time]) => time)
    expect(times).toEqual([...times].sort())
  })

  it('asks the truth for every price, and offers only what it logs', () => {
    const truth = openTruth(truthParameters(SIZE))
    for (const [time, , , , key, quantity, price, discount, campaign] of rows.slice(0, 5000)) {
      const week = Math.floor((Date.parse(time) - truth.parameters.startMs) / 604_800_000)
      expect(minor(price)).toBe(listPriceMinor(truth, indexOfKey(key), week))
      if (campaign === '') expect(discount).toBe('0.00')
      expect(minor(discount)).toBeLessThan(minor(price) * Number(quantity))
    }
  })

  it('sells as often as the truth, read back from its file, says', async () => {
    const truth = openTruth(await readTruth(join(folder(), 'truth.json')))
    const sold = new Set(rows.filter((row) => row[3] === 'purchase').map((row) => `${row[2]} ${row[4]}`))
    const shopper = emptyShopper(truth)
    const visitsWithOffers = new Set<string>()
    const types = SHOPPER_TYPES.map(() => ({ expected: 0, variance: 0, observed: 0 }))
    const state = new ShopperState(truth.parameters)
    for (const [time, key, session, event, item, quantity, price, discount] of rows) {
      if (key === '') continue
      const [who, index] = [indexOfKey(key), indexOfKey(item)]
      const day = Math.floor((Date.parse(time) - truth.parameters.startMs) / 86_400_000)
      const category = categoryOf(truth, index)
      const [list, off] = [minor(price), minor(discount)]
      if (event === 'purchase') state.bought(who, category, day, off / (list * Number(quantity)))
      if (event !== 'view') continue
      const [offersSeen, stockedUp] = [state.offersSeen(who, day), state.stockedUp(who, category, day)]
      if (off > 0 && !visitsWithOffers.has(session)) state.sawOffer(who, day)
      if (off > 0) visitsWithOffers.add(session)
      if (truth.parameters.categories[category].cycleDays > 0) continue
      drawShopper(truth, who, shopper)
      const p = purchaseProbability(truth, shopper, index, list, off, {
        day,
        due: false,
        offersSeen,
        stockedUp,
        rivals: 0,
      })
      const type = types[shopper.type]
      type.expected += p
      type.variance += p * (1 - p)
      type.observed += sold.has(`${session} ${item}`) ? 1 : 0
    }
    for (const { expected, variance, observed } of types) {
      expect(expected).toBeGreaterThan(50)
      expect(Math.abs(observed - expected)).toBeLessThan(4 * Math.sqrt(variance))
    }
  })

  it('draws promotion depths evenly, the control included', () => {
    const promoted = rows.filter((row) => row[3] === 'view' && row[8] !== '')
    const depths = new Map<number, number>()
    for (const [, , , , , , price, discount] of promoted) {
      const depth = Math.round((20 * Number(discount)) / Number(price)) * 5
      depths.set(depth, (depths.get(depth) ?? 0) + 1)
    }
    expect([...depths.keys()].sort((a, b) => a - b)).toEqual([0, 5, 10, 15, 20, 30])
    for (const count of depths.values()) expect(Math.abs(count / promoted.length - 1 / 6)).toBeLessThan(0.03)
  })

  it('sells consumables again to those who bought them', () => {
    const bought = new Map<string, number>()
    for (const [, shopper, , event, item] of rows)
      if (event === 'purchase' && shopper !== '') {
        const key = `${shopper} ${item}`
        bought.set(key, (bought.get(key) ?? 0) + 1)
      }
    const again = [...bought].filter(([, times]) => times > 1).map(([key]) => indexOfKey(key.split(' ')[1]))
    const { categories } = truthParameters(SIZE)
    const consumable = again.filter((item) => categories[item % categories.length].cycleDays > 0)
    expect(consumable.length).toBeGreaterThan(again.length / 2)
  })

  it('lists items without cost, without stock and not for sale, as declared', () => {
    const items = csv('items.csv.gz')
    const share = (test: (row: string[]) => boolean) => items.filter(test).length / items.length
    expect(share((row) => row[5] === '')).toBeCloseTo(0.03, 1)
    expect(share((row) => row[5] === '')).toBeGreaterThan(0.015)
    expect(share((row) => row[6] === '0')).toBeGreaterThan(0.01)
    expect(share((row) => row[7] === 'false')).toBeGreaterThan(0.004)
    expect(items.filter((row) => row.length !== 11)).toEqual([])
    expect(new Set(items.map((row) => row[1])).size).toBe(items.length)
  })

  it('tells a tier and a channel of every shopper, which hint at the type as the truth says', () => {
    const truth = openTruth(truthParameters(SIZE))
    const { tiers, channels } = truth.parameters
    const shoppers = csv('shoppers.csv.gz')
    const shopper = emptyShopper(truth)
    const found = tiers.map(() => SHOPPER_TYPES.map(() => 0))
    expect(shoppers.length).toBe(SIZE.shoppers)
    for (const [key, tier, channel] of shoppers) {
      drawShopper(truth, indexOfKey(key), shopper)
      expect(channels.map(({ name }) => name)).toContain(channel)
      found[tiers.indexOf(tier)][shopper.type]++
    }
    found.forEach((counts, tier) => {
      const n = counts.reduce((sum, count) => sum + count, 0)
      counts.forEach((count, type) => {
        const share = truth.traits.typeGivenTier[tier][type]
        expect(Math.abs(count / n - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / n))
      })
    })
  })

  it('names one live campaign of each mechanism', () => {
    const file = parseCampaignFile(readFileSync(join(folder(), 'campaigns.json'), 'utf8'), 'GBP')
    expect(file.campaigns.map(({ mechanism }) => mechanism).sort()).toEqual([
      'coupon',
      'spend_threshold',
      'time_limited',
    ])
    expect(file.campaigns.every(({ state }) => state === 'live')).toBe(true)
    const names = new Set(truthParameters().categories.map(({ name }) => name))
    const targeted = file.campaigns.flatMap(({ targets }) => targets?.categories ?? [])
    expect(targeted.length).toBeGreaterThan(0)
    expect(targeted.filter((name) => !names.has(name))).toEqual([])
  })

  it('refuses a truth that is out of range, naming the field', () => {
    expect(() => truthParameters({ items: 10 })).toThrow('invalid items: 10')
    expect(() => parseTruth({ ...truthParameters(), dirt: 2 })).toThrow('invalid dirt: 2')
  })
})
