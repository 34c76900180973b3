/** Commands: what the server answers to load over HTTP. */
import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { positive, wholeNumber } from '../../cli/number-options.ts'
import { benchCompare, renderCompare } from '../compare/compare.ts'
import { benchCapacity, renderCapacity } from '../http/capacity.ts'
import { benchGrowth, renderGrowth } from '../http/growth.ts'
import { benchHeadline, renderHeadline } from '../http/headline.ts'
import { benchHttp } from '../http/http.ts'
import { renderHttp } from '../http/http-report.ts'
import { HTTP_SCENARIO_NAMES } from '../http/scenarios.ts'
import { benchTopologies } from '../http/topologies.ts'
import { renderTopologies } from '../http/topologies-report.ts'
import { benchSizing, renderSizing } from '../sizing.ts'
import { ascending, counts, dimensions, print, say } from './print.ts'

export function addLoadCommands(program: Command): void {
  program
    .command('http')
    .description('a decision over HTTP beside a bare handler: CPU in a closed loop, latency in an open one')
    .addOption(
      new Option('--store <folder>', 'ask the current snapshot of this folder, whatever made it').conflicts([
        'items',
        'shoppers',
        'neighbours',
        'dimensions',
      ]),
    )
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--neighbours <n>', 'of each item in its row (default: 100)', positive)
    .option('--dimensions <n>', "of each item's vector (default: 32)", dimensions)
    .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
    .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('known'))
    .option('--workers <n>', 'deciding threads of the server; 0: the one that listens', wholeNumber, 1)
    .option('--connections <n>', 'connections of the closed loop', positive, 32)
    .option('--per-second <n>', 'arrivals of the open loop (default: half of what the closed loop reaches)', positive)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 5)
    .option('--seed <n>', 'seed of the shop, the requests and the arrivals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- http --items 1000000 --scenario headline')
    .action(async (options) => print(await benchHttp(options, say), renderHttp, options.json))

  program
    .command('headline')
    .description(
      'what the product is held to: CPU to the bare handler, decisions a second on all cores, growth of latency',
    )
    .option('--items <n>', 'catalogue size', positive, 1_000_000)
    .option('--smallest <n>', 'catalogue size that growth begins at', positive, 10_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 5)
    .option('--seed <n>', 'seed of the shops, the requests and the arrivals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- headline')
    .action(async (options) => print(await benchHeadline(options, say), renderHeadline, options.json))

  program
    .command('capacity')
    .description(
      'decisions a second that are answered while p99 stays under a limit, the load generator on the same cores',
    )
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
    .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('headline'))
    .option(
      '--workers <n>',
      'deciding threads of the server; 0: the one that listens',
      wholeNumber,
      availableParallelism(),
    )
    .option('--connections <n>', 'connections of the closed loop that the search begins with', positive, 32)
    .option('--limit-ms <n>', 'limit of p99', positive, 10)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--seed <n>', 'seed of the shop, the requests and the arrivals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- capacity --items 1000000 --limit-ms 10')
    .action(async (options) => print(await benchCapacity(options, say), renderCapacity, options.json))

  program
    .command('growth')
    .description('median latency over HTTP at several sizes of the catalogue, in turn at the same low rate')
    .option('--items <list>', 'catalogue sizes', ascending, [10_000, 1_000_000])
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
    .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('headline'))
    .option('--workers <n>', 'deciding threads of each server', positive, 1)
    .option('--per-second <n>', 'arrivals', positive, 500)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 5)
    .option('--seed <n>', 'seed of the shops, the requests and the arrivals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- growth --items 10000,1000000')
    .action(async (options) => print(await benchGrowth(options, say), renderGrowth, options.json))

  program
    .command('topologies')
    .description(
      'the listening thread, workers, several listening threads: the same load in turn, in a closed loop and open ones',
    )
    .option('--threads <list>', 'deciding threads of each server; 0: the one that listens', counts, [0, 1, 2])
    .option(
      '--listeners <list>',
      'threads of each server that all listen and decide; 0: none such',
      listenerCounts,
      [1, 2],
    )
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
    .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('headline'))
    .option('--connections <n>', 'connections of the closed loop', positive, 32)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 5)
    .option('--seed <n>', 'seed of the shop, the requests and the arrivals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- topologies --threads 0,1 --listeners 2')
    .action(async ({ threads, ...options }) =>
      print(await benchTopologies({ ...options, workers: threads }, say), renderTopologies, options.json),
    )

  program
    .command('compare')
    .description('a change and its base: two built checkouts in paired rounds, or two files of `http --json` lines')
    .argument('<a>', 'the base: a checkout, its dist, or a file')
    .argument('<b>', 'the change')
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
    .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('known'))
    .option('--workers <n>', 'deciding threads of each server; 0: the one that listens', wholeNumber, 1)
    .option('--connections <n>', 'connections of the closed loop', positive, 32)
    .option(
      '--per-second <n>',
      'arrivals of the open loop (default: half of what the slower closed loop reaches)',
      positive,
    )
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'pairs of rounds', positive, 12)
    .option('--seed <n>', 'seed of the shop, the requests, the arrivals and the intervals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- compare ../base . --scenario headline')
    .action(async (a, b, options) => print(await benchCompare([a, b], options, say), renderCompare, options.json))

  program
    .command('sizing')
    .description('bytes an item, a shopper and a worker take on disk and in memory, and requests a second and core')
    .option('--items <n>', 'catalogue size; another shop has twice as many', positive, 100_000)
    .option('--shoppers <n>', 'known shoppers; another shop has twice as many', positive, 50_000)
    .option('--dimensions <n>', "of each item's vector (default: 32)", dimensions)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 3)
    .option('--seed <n>', 'seed of the shops and the requests', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- sizing --items 100000')
    .action(async (options) => print(await benchSizing(options, say), renderSizing, options.json))
}

const MOST_LISTENERS = 256

function listenerCounts(text: string): number[] {
  const listeners = text === '' ? [] : counts(text)
  if (listeners.some((n) => n > MOST_LISTENERS)) throw new InvalidArgumentError(`At most ${MOST_LISTENERS} each.`)
  return listeners.filter((n) => n > 0)
}
