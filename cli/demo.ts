/** `offerwright demo`: the exports of a shop whose truth is known. */
import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { type GeneratedShop, generateShop } from '../training/simulation/generate.ts'
import { DEFAULT_SIZE, type ShopSize, truthParameters } from '../training/simulation/parameters.ts'
import { type HomeOptions, type ShopFolders, shopFolders, withHome } from './home.ts'
import { decimal, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface DemoOptions extends HomeOptions, ShopSize {
  out?: string
}

export function demoCommand(): Command {
  return withHome(new Command('demo'))
    .description('make a demo shop: events, items, campaigns, a mapping, and the truth behind them')
    .option('--items <n>', 'items, 100 to 5,000,000', wholeNumber, DEFAULT_SIZE.items)
    .option('--shoppers <n>', 'shoppers', wholeNumber, DEFAULT_SIZE.shoppers)
    .option('--events <n>', 'events, about as many', wholeNumber, DEFAULT_SIZE.events)
    .option('--seed <n>', 'equal seeds and sizes give equal files', wholeNumber, DEFAULT_SIZE.seed)
    .option('--dirt <share>', 'faulty rows per true row, for import to find', decimal, DEFAULT_SIZE.dirt)
    .option('--out <folder>', "folder to write to; without it the shop's source folder")
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright demo --items 1000000 --shoppers 200000 --events 8000000 --seed 7',
    )
    .action(async (options: DemoOptions) => {
      const { items, shoppers, events, seed, dirt } = options
      const size = { items, shoppers, events, seed, dirt }
      const folders = shopFolders(options)
      const folder = options.out ?? folders.source
      const progress = progressView()
      const shop = await generateShop(folder, truthParameters(size), (message, done, total) =>
        progress.show({ stage: 'demo', done, total, message }),
      ).finally(progress.end)
      if (options.out === undefined) await placeCampaigns(folders)
      process.stdout.write(`${summary(shop)}\n${folder}\n`)
    })
}

/** The exported campaigns become the live ones of a shop that has none. */
async function placeCampaigns({ source, campaigns }: ShopFolders): Promise<void> {
  if (!existsSync(campaigns)) await copyFile(join(source, 'campaigns.json'), campaigns)
}

function summary({ items, shoppers, visits, events, purchases, faulty }: GeneratedShop): string {
  const number = (value: number) => value.toLocaleString('en')
  const faults = Object.values(faulty).reduce((sum, count) => sum + count, 0)
  return (
    `${number(items)} items, ${number(shoppers)} shoppers, ${number(visits)} visits, ${number(events)} events ` +
    `(${number(purchases)} purchases), ${number(faults)} faulty rows`
  )
}
