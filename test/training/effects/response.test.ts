import { describe, expect, it } from 'vitest'
import { OfferwrightError } from '../../../core/contract/errors.ts'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { RESPONSE_NUMBERS } from '../../../core/snapshot/layout.ts'
import { NO_INDEX } from '../../../training/duckdb.ts'
import { weightOf } from '../../../training/effects/logged-choices.ts'
import { type LearnedResponse, learnResponse } from '../../../training/effects/response.ts'
import { NO_OFFER, nothingToLearn, ofMostOffered, type ResponseRows } from '../../../training/effects/response-rows.ts'
import { PRIOR, SPREAD } from '../../../training/effects/response-shape.ts'
import { DEPTHS, drawnRows } from './response-truth.ts'

const ALIKE = { rows: 20_000, shoppers: 2000, show: [0.3, 0.3], slope: [0.8, 0.8] } as const
const alike = (seed: number) => drawnRows({ ...ALIKE, show: [...ALIKE.show], slope: [...ALIKE.slope], seed })

function curve({ names, curves, listed }: LearnedResponse, name: string, segment: number): number[] {
  const at = (names.indexOf(name) * listed.length + segment) * RESPONSE_NUMBERS
  return [...curves.subarray(at, at + RESPONSE_NUMBERS)]
}

describe('the response that is learned', () => {
  it('is the true one, within the standard errors that it tells', () => {
    const misses = Array.from({ length: 12 }, (_, seed) => {
      const learned = learnResponse(alike(seed + 1))
      const [show, slope, varShow, cov, varSlope] = curve(learned, 'spring', 0)
      expect(Math.abs(learned.level - 0.2)).toBeLessThan(0.12)
      return DEPTHS.map((depth) => {
        const t = -2.5 * Math.log(1 - depth)
        const error = show - 0.3 + t * (slope - 0.8)
        return error ** 2 / (varShow + 2 * t * cov + t * t * varSlope)
      })
    }).flat()
    const mean = misses.reduce((sum, miss) => sum + miss, 0) / misses.length
    expect(Math.max(...misses)).toBeLessThan(3.5 ** 2)
    expect(mean).toBeLessThan(1.6)
    expect(mean).toBeGreaterThan(0.3)
  })

  it('tells apart those whom offers move and those whom they do not', () => {
    const learned = learnResponse(
      drawnRows({ rows: 40_000, shoppers: 4000, show: [0, 0.8], slope: [0.2, 1.2], seed: 5 }),
    )
    const { segmentation, segment } = learned
    expect(segmentation.interval[0]).toBeGreaterThan(0)
    expect(segmentation.tells[0]).toBe('group')
    const rows = drawnRows({ rows: 40_000, shoppers: 4000, show: [0, 0.8], slope: [0.2, 1.2], seed: 5 })
    const { names, values } = rows.features
    for (const group of [0, 1]) {
      const shopper = segment.findIndex((_, s) => values[s * names.length] === group)
      const [show, slope] = curve(learned, 'mechanism:coupon', segment[shopper])
      const t = 0.5
      expect(show + slope * t).toBeGreaterThan(group === 1 ? 1.1 : -0.2)
      expect(show + slope * t).toBeLessThan(group === 1 ? 1.7 : 0.4)
    }
  })

  it('is not misled by whom the policy favours, as each choice counts by its probabilities', () => {
    const told = [true, false].map((isWeighed) => {
      const learned = learnResponse(favoured(isWeighed))
      const [show, slope] = curve(learned, 'spring', 0)
      return show + slope * 0.5
    })
    const truth = 0.3 + 0.8 * 0.5
    expect(Math.abs(told[0] - truth)).toBeLessThan(0.15)
    expect(told[1] - truth).toBeGreaterThan(0.4)
  })

  it('has one segment where everybody responds alike', () => {
    const told = Array.from({ length: 12 }, (_, seed) => learnResponse(alike(100 + seed)).segmentation.nSegments)
    expect(told.filter((n) => n > 1).length).toBeLessThanOrEqual(1)
  })

  it('never does less the deeper the discount is, not even where the data says so', () => {
    const learned = learnResponse(
      drawnRows({ rows: 20_000, shoppers: 500, show: [1, 1], slope: [-1.5, -1.5], seed: 9 }),
    )
    for (const name of learned.names) expect(curve(learned, name, 0)[1]).toBeGreaterThanOrEqual(0)
    expect(curve(learned, 'spring', 0)[1]).toBe(0)
  })

  it('leaves a mechanism that nobody tried its prior, as wide as it is', () => {
    const learned = learnResponse(alike(3))
    const [show, slope, varShow, cov, varSlope, borrowed] = curve(learned, 'mechanism:time_limited', 0)
    const { spreads } = learned.fit
    expect([show, slope, cov, borrowed]).toEqual([PRIOR.show, PRIOR.slope, 0, 0])
    expect(varShow).toBeCloseTo(PRIOR.spread ** 2 + spreads[SPREAD.campaignShow], 6)
    expect(varSlope).toBeCloseTo(PRIOR.spread ** 2 + spreads[SPREAD.campaignSlope], 6)
  })

  it('is less sure of a campaign that it has not seen than of its own', () => {
    const learned = learnResponse(alike(3))
    expect(curve(learned, 'mechanism:coupon', 0)[2]).toBeGreaterThan(curve(learned, 'spring', 0)[2])
  })

  it('names its curves in byte order and tells what is borrowed from later sales', () => {
    const learned = learnResponse(alike(3), alike(3).features, new Map([['coupon', 0.25]]))
    expect(learned.names).toEqual(['autumn', 'mechanism:coupon', 'mechanism:time_limited', 'spring'])
    expect(curve(learned, 'spring', 0)[5]).toBe(0.25)
    expect(curve(learned, 'mechanism:time_limited', 0)[5]).toBe(0)
  })

  it('tells apart what offers on rivals and list prices do', () => {
    const learned = learnResponse(
      drawnRows({ ...ALIKE, rows: 60_000, show: [0.3, 0.3], slope: [0.8, 0.8], rivals: -0.5, listed: 1.4, seed: 8 }),
    )
    const { cannibalised, listed } = learned
    expect(Math.abs(cannibalised.mean - 0.5)).toBeLessThan(3 * cannibalised.se)
    expect(curve(learned, 'spring', 0)[6]).toBeCloseTo(cannibalised.mean, 6)
    expect(Math.abs(listed[0] - 1.4)).toBeLessThan(0.2)
  })

  it('does not take a category of deeper offers, which is bought more or less anyway, for what rivals do', () => {
    const rows = drawnRows({ ...ALIKE, rows: 60_000, show: [0.3, 0.3], slope: [0.8, 0.8], rivals: -0.5, seed: 8 })
    const next = splitMix32(9)
    const category = rows.category.map(() => next() % 2)
    const isDeep = (row: number) => category[row] === 1
    const bought = rows.bought.map((each, row) => (isDeep(row) && next() % 3 === 0 ? 0 : each))
    const rivals = rows.rivals.map((share, row) => (isDeep(row) ? share + 0.5 : share))
    const { cannibalised } = learnResponse({ ...rows, category, bought, rivals })
    expect(Math.abs(cannibalised.mean - 0.5)).toBeLessThan(3 * cannibalised.se)
  })

  it('knows who buys more, from their own record', () => {
    const rows = drawnRows({ ...ALIKE, rows: 120_000, base: -1.5, show: [0.3, 0.3], slope: [0.8, 0.8], seed: 12 })
    const often = (shopper: number) => shopper % 4 === 0
    const next = splitMix32(13)
    const bought = rows.bought.map((each, row) =>
      each === 0 && often(rows.shopper[row]) && next() / 2 ** 32 < 0.15 ? 1 : each,
    )
    const { base } = learnResponse({ ...rows, bought })
    const mean = (isWanted: (s: number) => boolean) => {
      const own = base.slice(0, -1).filter((_, s) => isWanted(s))
      return own.reduce((sum, each) => sum + each, 0) / own.length
    }
    expect(mean(often) - mean((s) => !often(s))).toBeGreaterThan(0.5)
  })

  it('is the same for the same rows, and does not depend on their order', () => {
    const rows = alike(4)
    const learned = learnResponse(rows)
    expect(learnResponse(rows).curves).toEqual(learned.curves)
    const turned = learnResponse(reversed(rows)).curves
    turned.forEach((number, i) => {
      expect(number).toBeCloseTo(learned.curves[i], 5)
    })
  })

  it('takes a row of weight 2 as two rows', () => {
    const rows = alike(6)
    const heavy = learnResponse({ ...rows, weight: rows.weight.map(() => 2) })
    const twice = learnResponse(joined(rows, rows))
    heavy.curves.forEach((number, i) => {
      expect(number).toBeCloseTo(twice.curves[i], 5)
    })
  })

  it('learns from shoppers nobody knows, whose segment is 0', () => {
    const rows = drawnRows({ rows: 40_000, shoppers: 4000, show: [0, 0.8], slope: [0.2, 1.2], seed: 5 })
    const learned = learnResponse({ ...rows, shopper: rows.shopper.map((s, row) => (row % 3 === 0 ? NO_INDEX : s)) })
    expect(learned.segmentation.nSegments).toBeGreaterThan(1)
    expect(Math.min(...learned.segment)).toBe(1)
    const [show, slope] = curve(learned, 'mechanism:coupon', 0)
    expect(show + 0.5 * slope).toBeGreaterThan(0.4)
    expect(show + 0.5 * slope).toBeLessThan(1.1)
    const nobody = learnResponse({ ...rows, shopper: rows.shopper.map(() => NO_INDEX) })
    expect(nobody.segmentation.nSegments).toBe(1)
  })
})

it('leaves out the campaigns that were offered least, and numbers the others anew', () => {
  const rows = alike(2)
  const campaign = rows.campaign.map((code, row) => (code === 0 && row > 500 ? 1 : code))
  const some = ofMostOffered({ ...rows, campaign }, 1)
  expect(some.campaigns).toEqual([rows.campaigns[1]])
  expect(new Set(some.campaign)).toEqual(new Set([NO_OFFER, 0]))
  expect(some.bought.length).toBe(campaign.filter((code) => code !== 0).length)
  expect(ofMostOffered(rows, 2)).toBe(rows)
})

describe('rows that teach nothing', () => {
  const rows = alike(2)
  const only = (isWanted: (row: number) => boolean) => kept(rows, isWanted)

  it.each([
    ['no impressions', only(() => false)],
    ['had an offer', only((row) => rows.campaign[row] === NO_OFFER)],
    ['had an offer', only((row) => rows.campaign[row] !== NO_OFFER)],
    ['0 purchases with an offer and 0 without', only((row) => rows.bought[row] === 0)],
    ['led to a purchase', only((row) => rows.bought[row] === 1)],
    ['of 25 each that are needed', only((row) => row < 200)],
  ])('are told: %s', (why, some) => {
    expect(nothingToLearn(some)).toContain(why)
    expect(() => learnResponse(some)).toThrow(`nothing to learn from: ${nothingToLearn(some)}`)
  })

  it('are not told of others', () => {
    expect(nothingToLearn(rows)).toBeNull()
  })
})

describe('a row that cannot be', () => {
  const rows = alike(2)
  const first = <C extends Float64Array | Int32Array | Uint32Array | Uint8Array>(column: C, value: number): C => {
    const changed = column.slice() as C
    changed[0] = value
    return changed
  }

  it.each<[string, unknown, Partial<ResponseRows>]>([
    ['discount', Number.NaN, { discount: first(rows.discount, Number.NaN) }],
    ['discount', 1.5, { discount: first(rows.discount, 1.5) }],
    ['elasticity', 0.5, { elasticity: first(rows.elasticity, 0.5) }],
    ['offset', Number.POSITIVE_INFINITY, { offset: first(rows.offset, Number.POSITIVE_INFINITY) }],
    ['rivals', -1, { rivals: first(rows.rivals, -1) }],
    ['listed', Number.NaN, { listed: first(rows.listed, Number.NaN) }],
    ['timeMs', Number.NaN, { timeMs: first(rows.timeMs, Number.NaN) }],
    ['weight', 0, { weight: first(rows.weight, 0) }],
    ['bought', 7, { bought: first(rows.bought, 7) }],
    ['shopper', 2000, { shopper: first(rows.shopper, 2000) }],
    ['campaign', 2, { campaign: first(rows.campaign, 2) }],
    ['mechanism of spring', 'gift', { campaigns: [{ id: 'spring', mechanism: 'gift' }] }],
    ['campaigns', 2, { campaigns: [rows.campaigns[0], rows.campaigns[0]] }],
    ['length of offset', 3, { offset: new Float64Array(3) }],
    ['features', 1, { features: { nShoppers: 2000, names: ['one'], values: new Float64Array(1) } }],
  ])('is refused with its field and value: %s %s', (field, value, change) => {
    expect(faultOf(() => learnResponse({ ...rows, ...change }))).toMatchObject({ code: 'invalid_data', field, value })
  })
})

/**
 * Impressions whose shoppers buy more or less often than scoring knows, and whose policy knows who does: it offers the deepest
 * discount to those by 9 in 10 and nothing to the others by 9 in 10; every other action is drawn by chance.
 */
function favoured(isWeighed: boolean): ResponseRows {
  const rows = drawnRows({ ...ALIKE, rows: 120_000, noise: 0, show: [0, 0], slope: [0, 0], seed: 17 })
  const next = splitMix32(18)
  const uniform = () => (next() + 0.5) / 2 ** 32
  const actions = ['nothing', ...DEPTHS.map((_, step) => `spring#${step}`)]
  for (let row = 0; row < rows.shopper.length; row++) {
    const likes = uniform() < 0.5
    const best = likes ? DEPTHS.length : 0
    const probabilities = actions.map((_, action) => (action === best ? 0.9 : 0.1 / DEPTHS.length))
    const u = uniform()
    const action = u < 0.9 ? best : actions.map((_, a) => a).filter((a) => a !== best)[Math.floor((u - 0.9) * 40)]
    const discount = action === 0 ? 0 : DEPTHS[action - 1]
    const moved = action === 0 ? 0 : 0.3 - 0.8 * -rows.elasticity[row] * Math.log(1 - discount)
    const logOdds = rows.offset[row] + (likes ? 0.6 : -0.6) + moved
    rows.campaign[row] = action === 0 ? NO_OFFER : 0
    rows.discount[row] = discount
    rows.bought[row] = uniform() < 1 / (1 + Math.exp(-logOdds)) ? 1 : 0
    if (isWeighed) rows.weight[row] = weightOf({ actions: actions.slice(1), probabilities }, probabilities[action])
  }
  return rows
}

function faultOf(run: () => unknown): OfferwrightError {
  try {
    run()
  } catch (error) {
    if (error instanceof OfferwrightError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

function kept(rows: ResponseRows, isWanted: (row: number) => boolean): ResponseRows {
  const some = Array.from(rows.shopper.keys()).filter(isWanted)
  return at(rows, some)
}

const reversed = (rows: ResponseRows) => at(rows, Array.from(rows.shopper.keys()).reverse())

function at(rows: ResponseRows, some: number[]): ResponseRows {
  return {
    ...rows,
    shopper: Uint32Array.from(some, (row) => rows.shopper[row]),
    campaign: Int32Array.from(some, (row) => rows.campaign[row]),
    discount: Float64Array.from(some, (row) => rows.discount[row]),
    elasticity: Float64Array.from(some, (row) => rows.elasticity[row]),
    offset: Float64Array.from(some, (row) => rows.offset[row]),
    timeMs: Float64Array.from(some, (row) => rows.timeMs[row]),
    rivals: Float64Array.from(some, (row) => rows.rivals[row]),
    nRivals: Uint16Array.from(some, (row) => rows.nRivals[row]),
    category: Uint32Array.from(some, (row) => rows.category[row]),
    listed: Float64Array.from(some, (row) => rows.listed[row]),
    weight: Float64Array.from(some, (row) => rows.weight[row]),
    bought: Uint8Array.from(some, (row) => rows.bought[row]),
  }
}

function joined(a: ResponseRows, b: ResponseRows): ResponseRows {
  const n = a.shopper.length
  const both = Array.from({ length: n + b.shopper.length }, (_, row) => row % n)
  return at(a, both)
}
