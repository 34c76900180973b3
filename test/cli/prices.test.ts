import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const run = promisify(execFile)

interface Ladder {
  items: {
    item: string
    currentMinor: number
    costMinor: number
    gainMinor: number
    ladder: { best: { priceMinor: number } }
  }[]
}

describe('offerwright prices', () => {
  let home: string
  const offerwright = async (...args: string[]) => (await run(process.execPath, [MAIN, ...args, '--home', home])).stdout

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'offerwright-prices-'))
    await offerwright('demo', '--items', '200', '--shoppers', '400', '--events', '20000')
    await offerwright('import')
    await offerwright('train', '--stage', 'prices')
  })
  afterAll(() => rm(home, { recursive: true, force: true }))

  const ladders = async (...args: string[]): Promise<Ladder> =>
    JSON.parse(await offerwright('prices', '--json', ...args))

  test('keeps every price on its ending, within its bounds and above its floor', async () => {
    const { items } = await ladders('--max-change', '0.15', '--ending', '49', '--margin-floor', '0.1')
    expect(items.length).toBeGreaterThan(20)
    for (const { currentMinor, costMinor, ladder } of items) {
      const price = ladder.best.priceMinor
      expect(price % 100).toBe(49)
      expect(Math.abs(price / currentMinor - 1)).toBeLessThanOrEqual(0.15)
      expect(price - costMinor).toBeGreaterThanOrEqual(0.1 * price)
    }
    expect(items.map(({ gainMinor }) => gainMinor)).toEqual(
      items.map(({ gainMinor }) => gainMinor).sort((x, y) => y - x),
    )
  })

  test('writes a table of all priced items, and holds to competitors', async () => {
    const { items } = await ladders()
    const out = join(home, 'prices.csv')
    const competitors = join(home, 'competitors.csv')
    const [first] = items
    const ceiling = first.currentMinor - 10
    await writeFile(competitors, `item,price\n${first.item},${(ceiling / 100).toFixed(2)}\n`)
    const bounded = await ladders('--competitors', competitors, '--out', out, '--item', first.item)
    expect(bounded.items[0].ladder.best.priceMinor).toBeLessThanOrEqual(ceiling)
    expect((await readFile(out, 'utf8')).split('\n')[1].startsWith(`${first.item},GBP,`)).toBe(true)
  })

  test('plans the stock of an item to its end, prices falling', async () => {
    const { items } = await ladders()
    const args = ['--item', items[0].item, '--weeks', '6', '--stock', '30', '--json']
    const plan = JSON.parse(await offerwright('prices', ...args))
    const prices = plan.plan.map(({ priceMinor }: { priceMinor: number }) => priceMinor)
    expect(prices).toHaveLength(6)
    expect(prices).toEqual(prices.toSorted((x: number, y: number) => y - x))
    expect(plan.valueMinor).toBeGreaterThanOrEqual(plan.heldMinor)
  })

  test.each([
    ['an item that is not there', ['--item', 'nope'], /error unknown_item: .*"nope"/],
    ['weeks without an item', ['--weeks', '4'], /error missing_field: .*item/],
    ['a stock without weeks', ['--item', 'p0000000', '--stock', '4'], /error missing_field: .*weeks/],
    ['an ending that is no digits', ['--ending', 'x'], /error invalid_value: .*"x"/],
    ['no change at all', ['--max-change', '0'], /error invalid_value: .*maxChange/],
  ])('refuses %s in one line', async (_, args, line) => {
    await expect(offerwright('prices', ...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(line) })
  })
})
