/** How `offerwright prices` prints ladders and markdown plans. Amounts in the shop's currency; units and profit a week. */
import { formatMinor, roundMinor } from '../core/contract/money.ts'
import type { Ladder, Rung } from '../training/pricing/ladder.ts'
import { gainOf, type ItemMarkdown, type ShopDemand, type ShopPrices } from '../training/pricing/shop-prices.ts'
import { type ColumnLayout, table } from './table.ts'

const MOST_RUNGS = 12
const number = (title: string): ColumnLayout => ({ title, align: 'right' })

export function pricesText({ currency, priced, unpriced }: ShopPrices, top: number): string {
  const money = (minor: number) => formatMinor(minor, currency)
  const changed = priced.filter(({ ladder }) => gainOf(ladder) > 0)
  const total = changed.reduce((sum, { ladder }) => sum + gainOf(ladder), 0)
  return [
    `${priced.length} items priced${unpricedText(unpriced)}; ${changed.length} gain from another price, ${money(total)} ${currency} a week in all`,
    ...table(
      [
        { title: 'item', maxWidth: 24 },
        { title: 'title', maxWidth: 28 },
        ...['now', 'best', 'elasticity', 's.e.', 'units now', 'units', 'profit now', 'profit', '± s.e.'].map(number),
      ],
      changed
        .slice(0, top)
        .map(({ item, title, demand, ladder }) => [
          item,
          title,
          ...bestCells(ladder, money).slice(0, 2),
          demand.elasticity.toFixed(2),
          demand.elasticitySe.toFixed(2),
          ...bestCells(ladder, money).slice(2),
        ]),
    ),
  ].join('\n')
}

function bestCells({ current, best }: Ladder, money: (minor: number) => string): string[] {
  const chosen = best ?? current
  return [
    money(current.priceMinor),
    money(chosen.priceMinor),
    current.weeklyUnits.toFixed(1),
    chosen.weeklyUnits.toFixed(1),
    money(current.profitMinor),
    money(chosen.profitMinor),
    money(chosen.profitSeMinor),
  ]
}

function unpricedText(unpriced: ShopPrices['unpriced']): string {
  return Object.entries(unpriced)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `, ${count} without: ${reason}`)
    .join('')
}

/** One item's ladder, thinned to `MOST_RUNGS` with the best one in it. */
export function ladderText({ currency, priced, unpriced }: ShopPrices): string {
  if (priced.length === 0) return `no price${unpricedText(unpriced)}`
  const [{ item, title, demand, costMinor, ladder }] = priced
  const money = (minor: number) => formatMinor(minor, currency)
  const row = (mark: string, rung: Rung) => [
    mark,
    money(rung.priceMinor),
    rung.weeklyUnits.toFixed(1),
    money(rung.revenueMinor),
    money(rung.profitMinor),
    money(rung.profitSeMinor),
  ]
  return [
    `${item} ${title}: elasticity ${demand.elasticity.toFixed(2)} (s.e. ${demand.elasticitySe.toFixed(2)}), cost ${money(costMinor)} ${currency}`,
    ...table(
      [{ title: '' }, ...['price', 'units', 'revenue', 'profit', '± s.e.'].map(number)],
      [
        row('now', ladder.current),
        ...thinned(ladder).map((rung) => row(rung.priceMinor === ladder.best?.priceMinor ? 'best' : '', rung)),
      ],
    ),
  ].join('\n')
}

function thinned({ rungs, best }: Ladder): Rung[] {
  const every = Math.ceil(rungs.length / MOST_RUNGS)
  return rungs.filter((rung, i) => i % every === 0 || rung.priceMinor === best?.priceMinor)
}

/** Every rung of one item. */
export function ladderJson({ currency, priced, unpriced }: ShopPrices) {
  return { currency, unpriced, items: priced.map((item) => ({ ...item, gainMinor: gainOf(item.ladder) })) }
}

/** The price as it is and the best one of every item; its rungs are asked for by `--item`. */
export function pricesJson({ currency, priced, unpriced }: ShopPrices) {
  const items = priced.map(({ ladder, ...item }) => {
    const { current, best } = ladder
    return { ...item, ladder: { current, best }, gainMinor: gainOf(ladder) }
  })
  return { currency, unpriced, items }
}

export function pricesCsv({ currency, priced }: ShopPrices): string {
  const money = (minor: number) => formatMinor(minor, currency)
  const lines = priced.map(({ item, currentMinor, costMinor, demand, ladder }) => {
    const best = ladder.best ?? ladder.current
    return [
      quoted(item),
      currency,
      money(currentMinor),
      money(best.priceMinor),
      money(costMinor),
      demand.elasticity.toFixed(4),
      demand.elasticitySe.toFixed(4),
      ladder.current.weeklyUnits.toFixed(3),
      best.weeklyUnits.toFixed(3),
      money(ladder.current.profitMinor),
      money(best.profitMinor),
    ].join(',')
  })
  const head =
    'item,currency,price_now,price,cost,elasticity,elasticity_se,weekly_units_now,weekly_units,weekly_profit_now,weekly_profit'
  return `${[head, ...lines].join('\n')}\n`
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function markdownText({ keys, titles, currency }: ShopDemand, index: number, plan: ItemMarkdown): string {
  const { problem, policy, path, heldMinor } = plan
  const money = (minor: number) => formatMinor(roundMinor(minor), currency)
  return [
    `${keys[index]} ${titles[index]}: ${problem.stock} pieces in ${path.length} weeks, now ${money(problem.currentMinor)} ${currency}, elasticity ${problem.elasticity.toFixed(2)}`,
    ...table(
      ['week', 'price', 'likely', 'units', 'left', 'revenue'].map(number),
      path.map(({ week, priceMinor, likelyMinor, expectedUnits, expectedStockLeft, expectedRevenueMinor }) => [
        String(week),
        money(priceMinor),
        likelyMinor.map(money).join('–'),
        expectedUnits.toFixed(1),
        expectedStockLeft.toFixed(1),
        money(expectedRevenueMinor),
      ]),
    ),
    `expected ${money(policy.valueMinor)} ${currency} with what is left at ${money(problem.salvageMinor)} a piece; ${money(heldMinor)} at the price as it is`,
    'Prices of later weeks are those for demand as expected; ask again when other numbers were sold.',
  ].join('\n')
}

export function markdownJson({ keys, currency }: ShopDemand, index: number, plan: ItemMarkdown) {
  const { problem, policy, path, heldMinor } = plan
  const [valueMinor, held] = [roundMinor(policy.valueMinor), roundMinor(heldMinor)]
  return { currency, item: keys[index], ...problem, valueMinor, heldMinor: held, plan: path }
}
