import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConsideredAction } from '../../core/contract/answers.ts'
import type { Campaign } from '../../core/contract/campaigns.ts'
import type { DecisionRow } from '../../core/contract/decision-row.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { answerOf, answerText } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { type DecideArguments, decide } from '../../core/scoring/decide.ts'
import { type DualPrices, noPrices, RESOURCES, type Resource } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { JsonBytes } from '../../core/scoring/json-bytes.ts'
import { argumentsOfRow, writeRow } from '../../core/scoring/row.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const FLOOR = 1.5

const coupon: Campaign = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2027-01-01T00:00:00Z',
  returnFloorBps: 10_000 * FLOOR,
  ladder: [{ percentBps: 500 }, { percentBps: 1000 }, { percentBps: 2000 }, { percentBps: 3000 }],
}
const deal: Campaign = { ...coupon, id: 'deal', mechanism: 'time_limited', ladder: [{ amountMinor: 120 }] }
const full: Campaign = {
  ...coupon,
  id: 'full',
  mechanism: 'spend_threshold',
  ladder: [{ thresholdMinor: 5000, rewardMinor: 400 }],
}
const campaigns = [coupon, deal, full]
const shop = {
  items: [-2, -4, -5, -6, -7, -8].map((elasticity, i) => ({
    key: `item-${i}`,
    popularity: 1 - i / 10,
    priceMinor: 800 + 500 * i,
    costMinor: 200 + 250 * i,
    elasticity,
  })),
}

describe('prices of scarce resources', () => {
  let g: Generation
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openTinyShop(shop)
    close = opened.close
    g = openGeneration(opened.image, 0)
  })
  afterAll(() => close())

  function argumentsAt(dualPrices: DualPrices, explain = false, own: Campaign[] = campaigns): DecideArguments {
    const policy = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }
    return {
      request: { shopper: 'someone', explain },
      time: NOW,
      live: emptyLiveShopper(),
      campaigns: compileCampaigns(g, { version: 1, currency: 'GBP', policy, campaigns: own }, 'revision'),
      remainingMinor: new Float64Array(own.length).fill(Number.POSITIVE_INFINITY),
      remainingUses: new Float64Array(own.length).fill(Number.POSITIVE_INFINITY),
      dualPrices,
    }
  }
  const all = (budget: number, stock: number, returns: number): DualPrices => ({
    budget: new Float64Array(campaigns.length).fill(budget),
    stock: new Float64Array(campaigns.length).fill(stock),
    return: new Float64Array(campaigns.length).fill(returns),
  })
  const consideredAt = (prices: DualPrices): ConsideredAction[] => {
    const { items, basketConsidered } = answerOf(g, decide(g, argumentsAt(prices, true)))
    return [...items.flatMap(({ considered = [] }) => considered), ...(basketConsidered ?? [])].filter(
      ({ droppedBy }) => droppedBy === null,
    )
  }

  it('are charged by what an action uses: expected discount, expected offer, what falls short of the floor', () => {
    const considered = consideredAt(all(0.5, 40, 2))
    expect(new Set(considered.map(({ campaign }) => campaign))).toEqual(new Set(['spring', 'deal', 'full']))
    for (const action of considered) {
      const { purchaseProbability: p, discountMinor, incrementalMarginMinor: margin } = action
      const cost = p * discountMinor
      const charge = 0.5 * cost + 40 * p + 2 * (FLOOR * cost - margin)
      expect(action.resourcePriceMinor).toBeCloseTo(charge, 9)
      expect(action.valueMinor).toBeCloseTo(margin + action.jointMinor - charge, 9)
      expect(action).toMatchObject({ budgetDualPrice: 0.5, stockDualPrice: 40, returnDualPrice: 2 })
    }
  })

  it.each<[Resource, DualPrices]>([
    ['budget', all(2, 0, 0)],
    ['stock', all(0, 200, 0)],
    ['return', all(0, 0, 3)],
  ])('name the %s where that costs an action most, and nothing where it costs nothing', (resource, prices) => {
    for (const { bindingResource, resourcePriceMinor } of consideredAt(prices))
      expect(bindingResource).toBe(resourcePriceMinor > 0 ? resource : null)
    expect(consideredAt(prices).some(({ bindingResource }) => bindingResource === resource)).toBe(true)
    for (const { bindingResource } of consideredAt(noPrices(campaigns.length))) expect(bindingResource).toBeNull()
  })

  it('of 0 decide to the byte as if there were no floor', () => {
    const free = campaigns.map(({ returnFloorBps: _, ...campaign }) => campaign as Campaign)
    const none = noPrices(campaigns.length)
    const text = (own: Campaign[]) => answerText(g, decide(g, argumentsAt(none, true, own)))
    expect(text(campaigns)).toBe(text(free))
  })

  it('that are higher never make a decision use more of what they are on', () => {
    const price = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5, noNaN: true }))
    const prices = fc.array(fc.tuple(price, price, price), { minLength: 2, maxLength: 2 })
    const raise = fc.record({
      position: fc.nat(1),
      resource: fc.constantFrom(...RESOURCES),
      by: fc.double({ min: 0, max: 20, noNaN: true }),
    })
    fc.assert(
      fc.property(prices, raise, (told, { position, resource, by }) => {
        const own = [coupon, deal]
        const lower: DualPrices = {
          budget: Float64Array.from(told, ([budget]) => budget),
          stock: Float64Array.from(told, ([, stock]) => 100 * stock),
          return: Float64Array.from(told, ([, , returns]) => returns),
        }
        const higher = { ...lower, [resource]: lower[resource].slice() }
        higher[resource][position] += resource === 'stock' ? 100 * by : by
        const used = (at: DualPrices) => usesOf(decide(g, argumentsAt(at, false, own)), position, resource)
        expect(used(higher)).toBeLessThanOrEqual(used(lower) + 1e-9)
      }),
      { seed: 6, numRuns: 400 },
    )
  })

  function usesOf({ issued }: ReturnType<typeof decide>, position: number, resource: Resource): number {
    return issued
      .filter(({ on }) => on.position === position)
      .map(({ useProbability: p, amountMinor, marginMinor }) => {
        const uses = { budget: p * amountMinor, stock: p, return: FLOOR * p * amountMinor - marginMinor }
        return uses[resource]
      })
      .reduce((sum, use) => sum + use, 0)
  }

  it('stand in the decision row as they were, and decide the same again from it', () => {
    const prices: DualPrices = {
      budget: Float64Array.of(0, 0.25, 0),
      stock: Float64Array.of(0, 0, 12.5),
      return: Float64Array.of(1.75, 0, 0.1),
    }
    for (const explain of [false, true]) {
      const { row, answer } = logged(argumentsAt(prices, explain))
      expect(row.campaigns).toEqual({
        remainingMinor: [],
        remainingUses: [],
        budgetDualPrice: [[1, 0.25]],
        stockDualPrice: [[2, 12.5]],
        returnDualPrice: [
          [0, 1.75],
          [2, 0.1],
        ],
      })
      const { campaigns: compiled } = argumentsAt(prices)
      expect(answerText(g, decide(g, argumentsOfRow(row, compiled)))).toBe(answer)
    }
    const { row } = logged(argumentsAt(noPrices(campaigns.length)))
    expect(row.campaigns).toEqual({ remainingMinor: [], remainingUses: [], budgetDualPrice: [] })
  })

  function logged(args: DecideArguments): { row: DecisionRow; answer: string } {
    const decision = decide(g, args)
    const out = new JsonBytes(g, new SharedArrayBuffer(1 << 16))
    writeRow(g, args, decision, true, Buffer.from(JSON.stringify(args.request)), out)
    return { row: JSON.parse(Buffer.from(out.view()).toString()) as DecisionRow, answer: answerText(g, decision) }
  }
})

describe('a campaign file', () => {
  const parse = (campaign: object) =>
    parseCampaignFile(JSON.stringify({ version: 1, currency: 'GBP', campaigns: [{ ...coupon, ...campaign }] }), 'GBP')
  const faultsOf = (campaign: object): string[] => {
    try {
      parse(campaign)
      return []
    } catch (error) {
      return (error as { faults: { field: string }[] }).faults.map(({ field }) => field)
    }
  }

  it('takes a return floor, and paces a number of offers without a budget', () => {
    expect(parse({}).campaigns[0].returnFloorBps).toBe(15_000)
    expect(faultsOf({ pacing: 'even', limits: { total: 100 } })).toEqual([])
    expect(faultsOf({ pacing: 'even', mechanism: 'time_limited', stockSetAside: 100 })).toEqual([])
  })

  it('is told every fault of them at once', () => {
    expect(faultsOf({ returnFloorBps: 0 })).toEqual(['campaigns[0].returnFloorBps'])
    expect(faultsOf({ returnFloorBps: 1.5 })).toEqual(['campaigns[0].returnFloorBps'])
    const bundle = {
      mechanism: 'bundle',
      ladder: undefined,
      buy: { quantity: 1 },
      get: { quantity: 1, percentBps: 10_000 },
      pacing: 'even',
    }
    expect(faultsOf(bundle)).toEqual(['campaigns[0].pacing', 'campaigns[0].returnFloorBps'])
  })
})
