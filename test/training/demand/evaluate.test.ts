import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { evaluateDemand } from '../../../training/demand/evaluate.ts'
import type { PanelColumns } from '../../../training/demand/panel.ts'
import { Random } from '../../../training/simulation/random.ts'

const root = new URL('../../../../', import.meta.url)
const brands = fileURLToPath(new URL('../shared/data/orange-juice/brands.csv.gz', root))
const panel = fileURLToPath(new URL('../shared/data/orange-juice/panel.csv.gz', root))
const hasData = existsSync(brands)
const folder = mkdtempSync(join(tmpdir(), 'offerwright-demand-'))
afterAll(() => rmSync(folder, { recursive: true }))

const COLUMNS: PanelColumns = {
  units: 'units',
  logUnits: false,
  price: 'price',
  logPrice: false,
  group: ['brand'],
  series: [],
  controls: [],
  interact: [],
  competitors: [],
  period: null,
  stock: null,
}

function evaluate(data: string, columns: Partial<PanelColumns>, cycle: number | null = null) {
  const options = { data, columns: { ...COLUMNS, ...columns }, holdout: 0.2, cycle, seed: 1, onProgress: () => {} }
  return evaluateDemand(options)
}

function fileOf(name: string, lines: string[]): string {
  const file = join(folder, name)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

/** Two brands in six stores over 60 weeks; elasticities −2 and −4, levels by store, and a store that is out of stock. */
function plantedShop(seed: number): string[] {
  const random = new Random(seed)
  const lines = ['store,brand,week,units,price,stock,empty']
  for (let week = 0; week < 60; week++)
    for (let store = 0; store < 6; store++)
      for (const [b, elasticity] of [-2, -4].entries()) {
        random.block(1, week, store, b)
        const price = random.uniform(0) < 0.3 ? 1.5 : 2 + 0.2 * random.uniform(1)
        const units = Math.exp(3 + 0.4 * store + elasticity * Math.log(price) + 0.1 * random.normal(2))
        const isOut = store === 0 && week % 5 === 4
        lines.push(`s${store},b${b},${week},${isOut ? 0 : units},${price},${isOut ? 0 : 9},`)
      }
  return lines
}

describe('demand of a table', () => {
  test('has the elasticities that were planted, and a forecast that knows the stores', async () => {
    const file = fileOf('planted.csv', plantedShop(3))
    const result = await evaluate(file, { series: ['store'], period: 'week', stock: 'stock' })
    expect(result.setAside).toEqual({ 'out of stock': 24 })
    expect(result.shrunk.groups.map(({ group }) => group)).toEqual(['b0', 'b1'])
    for (const [g, planted] of [-2, -4].entries()) {
      const { value, se } = result.shrunk.groups[g]
      expect(se).toBeLessThan(0.1)
      expect(Math.abs(value - planted)).toBeLessThan(3 * se)
    }
    const { wape } = result.outOfTime
    expect(wape.ours).toBeLessThan(0.12)
    expect(wape.ours).toBeLessThan(0.5 * wape.ols)
    expect(wape.ours).toBeLessThan(wape.lastPrice)
    expect(wape.ours).toBeLessThan(wape.lastValue)
  })

  test('is the same whatever is added behind the time that is learned from', async () => {
    const lines = plantedShop(4)
    const later = lines.map((line, i) => (i > 12 * 48 ? line.replace(/,[^,]+(,[^,]+,[^,]+,)$/, ',77$1') : line))
    const [one, other] = await Promise.all(
      [lines, later].map((text, i) => evaluate(fileOf(`later-${i}.csv`, text), { series: ['store'], period: 'week' })),
    )
    expect(other.outOfTime.chosen).toEqual(one.outOfTime.chosen)
    expect(other.outOfTime.wape.ours).not.toBe(one.outOfTime.wape.ours)
  })

  test('tells no elasticity where a group never changed its price', async () => {
    const lines = plantedShop(5).map((line) => line.replace(/(,b1,.*,)[\d.]+(,\d+,)$/, '$12$2'))
    const { ols, shrunk } = await evaluate(fileOf('constant.csv', lines), { period: 'week' })
    expect(ols.groups[1].elasticity).toEqual({ value: null, se: null })
    expect(shrunk.groups[1].se).toBeGreaterThan(shrunk.groups[0].se)
    expect(shrunk.groups[0].value).toBeCloseTo(-2, 0)
  })

  test('is forecast from few periods and rows too', async () => {
    const few = plantedShop(7).filter((line, i) => i === 0 || /^s1,b[01],[0-7],/.test(line))
    const { rows, outOfTime } = await evaluate(fileOf('few.csv', few), { period: 'week', series: ['store'] })
    expect(rows).toBeLessThanOrEqual(16)
    for (const error of Object.values(outOfTime.wape)) expect(Number.isFinite(error)).toBe(true)
  })

  test.each([
    ['a missing column', { controls: ['colour'] }, { code: 'invalid_value', value: 'colour' }],
    ['text among numbers', { units: 'store' }, { code: 'invalid_data', field: 'store', value: 's0' }],
    ['nothing but empty cells', { units: 'empty' }, { code: 'invalid_data', field: 'data' }],
    ['a constant price', { price: 'one' }, { code: 'invalid_data', field: 'price', value: 1 }],
    ['too few periods', { period: 'one' }, { code: 'invalid_data', field: 'period', value: 1 }],
  ])('is refused for %s', async (_, columns, refusal) => {
    const lines = plantedShop(6).map((line, i) => `${line},${i === 0 ? 'one' : 1}`)
    await expect(evaluate(fileOf('refused.csv', lines), columns)).rejects.toMatchObject(refusal)
  })
})

describe.skipIf(!hasData)('orange juice (skipped without ../shared/data)', () => {
  test('has the published elasticities and R² to four decimals', async () => {
    const { ols, outOfTime } = await evaluate(brands, { units: 'sales' })
    expect(ols.groups.map(({ group, elasticity }) => [group, elasticity.value?.toFixed(4)])).toEqual([
      ['dominicks', '-3.3775'],
      ['minute.maid', '-3.3207'],
      ['tropicana', '-2.7118'],
    ])
    expect(ols.rSquared.toFixed(4)).toBe('0.3978')
    expect(outOfTime.gainOver.ols.interval[0]).toBeGreaterThan(0)
    expect(outOfTime.gainOver.lastPrice.interval[0]).toBeGreaterThan(0)
  })

  test('has the published R² with the feature flag interacted', async () => {
    const { ols } = await evaluate(brands, { units: 'sales', interact: ['feat'] })
    expect(ols.rSquared.toFixed(4)).toBe('0.5354')
    expect(ols.coefficients).toBe(12)
  })

  test('is forecast by store and brand with less error than by plain least squares or the last price', async () => {
    const { outOfTime, series } = await evaluate(panel, {
      units: 'logmove',
      logUnits: true,
      price: 'price{group}',
      series: ['store'],
      controls: ['deal', 'feat'],
      period: 'week',
    })
    expect(series).toBe(913)
    expect(outOfTime.gainOver.ols.interval[0]).toBeGreaterThan(0.05)
    expect(outOfTime.gainOver.lastPrice.interval[0]).toBeGreaterThan(0.05)
  })
})
