/** `offerwright prices`: which price earns most, item by item, and how to sell a stock by a day. */
import { Command, InvalidArgumentError } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { BPS } from '../core/contract/money.ts'
import { writeDurably, writeFully } from '../core/snapshot/files.ts'
import { parseEnding } from '../training/pricing/price-points.ts'
import {
  indexOfItem,
  itemMarkdown,
  readCeilings,
  readShopDemand,
  shopLadders,
} from '../training/pricing/shop-prices.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { decimal, positive, wholeNumber } from './number-options.ts'
import { ladderJson, ladderText, markdownJson, markdownText, pricesCsv, pricesJson, pricesText } from './prices-text.ts'
import { progressView } from './progress.ts'

interface PricesOptions extends HomeOptions {
  item?: string
  maxChange: number
  ending: string
  marginFloor: number
  competitors?: string
  competitorGap: number
  weeks?: number
  stock?: number
  salvage: number
  top: number
  out?: string
  json?: boolean
}

export function pricesCommand(): Command {
  return withHome(new Command('prices'))
    .description('the most profitable price of each item, or a markdown plan for the stock of one')
    .option('--item <key>', 'one item: its ladder of prices, or with --weeks its markdown plan')
    .option('--max-change <share>', 'share by which a price may change at once', share, 0.2)
    .option('--ending <digits>', 'last digits of every price; "" allows all', parseEnding, '9')
    .option('--margin-floor <share>', 'least (price - cost) / price', share, 0)
    .option('--competitors <file>', "CSV with columns item and price: no price above the lowest competitor's")
    .option('--competitor-gap <share>', "share by which a price may be above the lowest competitor's", share, 0)
    .option('--weeks <n>', 'sell the stock of --item within so many weeks', positive)
    .option('--stock <n>', "pieces to sell; without it the catalogue's stock", wholeNumber)
    .option('--salvage <minor>', 'what a piece still brings after the last week, in minor units', wholeNumber, 0)
    .option('--top <n>', 'items printed, the greatest gain first', positive, 20)
    .option('--out <file>', 'write the prices of all items as CSV')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ offerwright prices --max-change 0.2 --ending 9 --out prices.csv' +
        '\n  $ offerwright prices --item i-7 --weeks 8 --stock 120',
    )
    .action(async (options: PricesOptions) => {
      const { data, sections } = shopFolders(options)
      refuseUnusable(options)
      const progress = progressView()
      progress.show({ stage: 'prices', done: 0, total: 1, message: 'read what was sold at which price' })
      const shop = await readShopDemand(data, sections).finally(progress.end)
      const index = options.item === undefined ? null : indexOfItem(shop, options.item)
      const { weeks, stock, salvage, maxChange, ending, marginFloor, competitors, json } = options
      if (index !== null && weeks !== undefined) {
        const plan = itemMarkdown(shop, index, {
          weeks,
          stock: stock ?? null,
          salvageMinor: salvage,
          maxChange,
          ending,
        })
        return print(json, markdownJson(shop, index, plan), () => markdownText(shop, index, plan))
      }
      const ceilings =
        competitors === undefined ? new Map() : await readCeilings(competitors, options.competitorGap, shop.currency)
      const bounds = { maxChange, ending, marginFloorBps: marginFloor * BPS }
      const prices = shopLadders(shop, bounds, ceilings, index)
      if (options.out !== undefined) await writeText(options.out, pricesCsv(prices))
      if (index !== null) return print(json, ladderJson(prices), () => ladderText(prices))
      print(json, pricesJson(prices), () => pricesText(prices, options.top))
    })
}

function refuseUnusable({ item, weeks, stock, maxChange }: PricesOptions): void {
  if (maxChange === 0)
    throw new OfferwrightError('invalid_value', 'a largest change of 0 leaves no price to choose', {
      field: 'maxChange',
      value: maxChange,
    })
  if (weeks !== undefined && item === undefined)
    throw new OfferwrightError('missing_field', '--weeks plans the stock of one item; pass --item', { field: 'item' })
  if (stock !== undefined && weeks === undefined)
    throw new OfferwrightError('missing_field', '--stock is sold within --weeks; pass them too', { field: 'weeks' })
}

function share(text: string): number {
  const value = decimal(text)
  if (value >= 1) throw new InvalidArgumentError('A share from 0 to below 1.')
  return value
}

function print(json: boolean | undefined, value: unknown, text: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text()}\n`)
}

function writeText(path: string, text: string): Promise<void> {
  return writeDurably(path, (file) => writeFully(file, Buffer.from(text), 0))
}
