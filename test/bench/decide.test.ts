import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { BlendCost } from '../../bench/blended.ts'
import { Decider } from '../../bench/decider.ts'
import { rankingFault } from '../../bench/naive-ranking.ts'
import { faultOf } from '../../bench/oracle.ts'
import { type Scenario, visitorRequests } from '../../bench/requests.ts'
import { liveCampaigns } from '../../bench/shop/campaigns.ts'
import { type PublishedShop, publishedShop } from '../../bench/shop/publish.ts'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
const CAMPAIGNS = 8

describe('bench decide', () => {
  let shop: PublishedShop
  let decider: Decider

  beforeAll(async () => {
    shop = await publishedShop({ items: 3000, shoppers: 500, seed: 1 }, () => {})
    decider = await Decider.open(shop, liveCampaigns(CAMPAIGNS, shop))
  })

  it.each<Scenario>(['known', 'anonymous', 'filters'])(
    'finds the scorer and the naive oracle of one mind: %s shoppers',
    (scenario) => {
      expect(() => decider.check(visitorRequests(shop, scenario, 300, 2))).not.toThrow()
    },
  )

  it('refuses an answer with a foreign item, a changed score or an offer that was never open', () => {
    const file = liveCampaigns(CAMPAIGNS, shop)
    const [request] = visitorRequests(shop, 'known', 1, 3)
    const fault = (spoil: (answer: ReturnType<Decider['answer']>) => void) => {
      const answer = decider.answer(request)
      spoil(answer)
      return faultOf(decider.generation, file, request, answer, shop.time)
    }
    expect(fault(() => {})).toBeNull()
    expect(fault(({ items }) => items.reverse())).toMatch(/^slot 0: item/)
    expect(fault(({ items }) => items.pop())).toBe('9 items, expected 10')
    expect(fault(({ items }) => (items[3].score += 1e-6))).toMatch(/^slot 3: score/)
    expect(fault(({ items }) => (items[2].propensity += 0.1))).toMatch(/^slot 2: propensity/)
    expect(fault((answer) => (answer.basketPropensity += 0.1))).toMatch(/^basket: propensity/)
  })

  it.each<Scenario>(['known', 'anonymous', 'filters'])(
    'finds the blended scores and the naive sums of every source equal to the bit: %s shoppers',
    (scenario) => {
      const blend = new BlendCost(decider.generation, visitorRequests(shop, scenario, 300, 4), shop.time)
      expect(() => blend.check(300)).not.toThrow()
    },
  )

  it('refuses what a filter leaves out, what is in the cart, and a threshold that lacks another amount', () => {
    const file = liveCampaigns(CAMPAIGNS, shop)
    const [filtered] = visitorRequests(shop, 'filters', 1, 3)
    const unfiltered = decider.answer({ ...filtered, filters: undefined })
    expect(faultOf(decider.generation, file, filtered, unfiltered, shop.time)).toMatch(/^slot \d: item/)
    const carts = visitorRequests(shop, 'cart', 100, 3)
    const answered = carts.map((request) => ({ request, answer: decider.answer(request) }))
    const fault = ({ request, answer }: (typeof answered)[number]) =>
      faultOf(decider.generation, file, request, answer, shop.time)
    expect(answered.map(fault)).toEqual(answered.map(() => null))
    const promised = answered.find(({ answer }) => answer.basketOffer !== null) as (typeof answered)[number]
    promised.answer.basketOffer!.missingMinor++
    expect(fault(promised)).toMatch(/^basket: missing/)
    answered[0].answer.items[0].item = answered[0].request.cart?.[0].item as string
    expect(fault(answered[0])).toMatch(/is in the cart$/)
  })

  it('refuses a blended answer where rows alone are asked for', () => {
    const [request] = visitorRequests(shop, 'known', 1, 3)
    const { items } = new BlendCost(decider.generation, [request], shop.time).answer(request)
    expect(rankingFault(decider.generation, request, items, shop.time)).toMatch(/^slot 0: /)
  })

  it('prints one line of JSON with the figures of every size', async () => {
    const sizes = ['--items', '2000,3000', '--shoppers', '500', '--rounds', '2', '--decisions', '50']
    const { stdout } = await run(process.execPath, [MAIN, 'decide', ...sizes, '--json'])
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ bench: 'decide', scenario: 'known', campaigns: 4, wrong: 0 })
    expect(report.sizes.map(({ items }: { items: number }) => items)).toEqual([2000, 3000])
    expect(report.growth).toBeGreaterThan(0)
    for (const name of ['rowsCpuMicros', 'blendedCpuMicros', 'bareCpuMicros']) expect(report[name]).toBeGreaterThan(0)
    expect(Number.isFinite(report.blendOverBare)).toBe(true)
  })
})
