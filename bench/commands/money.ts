/** Commands: what prices, thresholds and budgets are worth. */
import type { Command } from 'commander'
import { positive, wholeNumber } from '../../cli/number-options.ts'
import { benchAllocate, renderAllocate } from '../allocate/allocate.ts'
import { benchJoint, renderJoint } from '../joint.ts'
import { benchPrices, renderPrices } from '../prices.ts'
import { print, say } from './print.ts'

export function addMoneyCommands(program: Command): void {
  program
    .command('prices')
    .description('profit that prices set by learned elasticities lose, in shops whose demand is known')
    .option('--items <n>', 'items of a shop', positive, 200)
    .option('--seeds <n>', 'shops', positive, 10)
    .option('--seed <n>', 'seed of the first shop', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- prices --items 200 --seeds 10')
    .action((options) => print(benchPrices(options, say), renderPrices, options.json))

  program
    .command('joint')
    .description('items and a spend threshold chosen together, beside items first, in shops whose truth is known')
    .option('--visits <n>', 'visits of a shop, about', positive, 7000)
    .option('--seeds <n>', 'shops', positive, 20)
    .option('--seed <n>', 'seed of the first shop', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- joint --seeds 20')
    .action(async (options) => print(await benchJoint(options, say), renderJoint, options.json))

  program
    .command('allocate')
    .description('how near spending by dual prices comes to the linear program, with HiGHS as the oracle')
    .option(
      '--requests <n>',
      'requests of a week with one budget or return floor; half as many under 16 constraints',
      positive,
      200_000,
    )
    .option('--parity <n>', 'requests of the programs that HiGHS solves too, in minutes; 0: none', wholeNumber, 20_000)
    .option('--seeds <n>', 'weeks and days of each kind', positive, 10)
    .option('--seed <n>', 'seed of the first', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- allocate --requests 50000 --parity 2000 --seeds 5')
    .action(async (options) => print(await benchAllocate(options, say), renderAllocate, options.json))
}
