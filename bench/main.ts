#!/usr/bin/env node
/** `npm run bench -- <what>`: each benchmark checks its answers first and prints no speed for a wrong one. */
import { availableParallelism } from 'node:os'
import { Command, Option } from 'commander'
import { positive, wholeNumber } from '../cli/number-options.ts'
import { benchAllocate, renderAllocate } from './allocate/allocate.ts'
import { benchAnn, renderAnn } from './ann.ts'
import { benchCarts, renderCarts } from './carts.ts'
import { benchCompare, renderCompare } from './compare/compare.ts'
import { benchDecide, renderDecide } from './decide.ts'
import { benchEvents, renderEvents } from './events/events.ts'
import { benchCapacity, renderCapacity } from './http/capacity.ts'
import { benchGrowth, renderGrowth } from './http/growth.ts'
import { benchHeadline, renderHeadline } from './http/headline.ts'
import { benchHttp } from './http/http.ts'
import { renderHttp } from './http/http-report.ts'
import { benchOffers, renderOffers } from './http/offers.ts'
import { HTTP_SCENARIO_NAMES } from './http/scenarios.ts'
import { benchSwap, renderSwap } from './http/swap.ts'
import { benchJoint, renderJoint } from './joint.ts'
import { benchKernel, renderKernel } from './kernel.ts'
import { benchPrices, renderPrices } from './prices.ts'
import { benchReplay, renderReplay } from './replay.ts'
import { SCENARIOS } from './requests.ts'
import { benchSizing, renderSizing } from './sizing.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)

function print<Report>(report: Report, render: (report: Report) => string, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(report) : render(report)}\n`)
}

const sizes = (text: string) => text.split(',').map(wholeNumber)

const program = new Command('bench').description('Benchmarks. Run them on a machine that does nothing else.')

program
  .command('kernel')
  .description('the WebAssembly kernel beside plain JavaScript, and its loops beside the same in C')
  .option('--items <n>', 'catalogue size', wholeNumber, 100_000)
  .option('--rounds <n>', 'interleaved rounds', wholeNumber, 15)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- kernel --items 100000')
  .action(async (options) => print(await benchKernel(options), renderKernel, options.json))

program
  .command('index')
  .description('recall@10 of the vector index against its latency, at several sizes of the candidate list')
  .option('--items <n>', 'vectors', positive, 100_000)
  .option('--queries <n>', 'tastes that ask', positive, 500)
  .option('--rounds <n>', 'rounds at each size', positive, 5)
  .option('--seed <n>', 'seed of the vectors and the tastes', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- index --items 100000')
  .action(async (options) => print(await benchAnn(options, say), renderAnn, options.json))

program
  .command('decide')
  .description('CPU of a decision in process, its growth with the catalogue, and the cost of a full blend')
  .option('--items <list>', 'catalogue sizes, smallest first', sizes, [10_000, 1_000_000])
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns', wholeNumber, 4)
  .addOption(new Option('--scenario <name>', 'who asks').choices(SCENARIOS).default('known'))
  .option('--rounds <n>', 'interleaved rounds', wholeNumber, 9)
  .option('--decisions <n>', 'decisions a round', wholeNumber, 3000)
  .option('--seconds <n>', 'seconds of load at the bare handler a round', wholeNumber, 1)
  .option('--seed <n>', 'seed of the shop and of the requests', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- decide --items 10000,1000000 --campaigns 32')
  .action(async (options) => print(await benchDecide(options, say), renderDecide, options.json))

program
  .command('http')
  .description('a decision over HTTP beside a bare handler: CPU in a closed loop, latency in an open one')
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
  .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('known'))
  .option('--workers <n>', 'deciding threads of the server', wholeNumber, 1)
  .option('--connections <n>', 'connections of the closed loop', wholeNumber, 32)
  .option('--per-second <n>', 'arrivals of the open loop (default: half of what the closed loop reaches)', positive)
  .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
  .option('--rounds <n>', 'interleaved rounds', positive, 5)
  .option('--seed <n>', 'seed of the shop, the requests and the arrivals', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- http --items 1000000 --scenario headline')
  .action(async (options) => print(await benchHttp(options, say), renderHttp, options.json))

program
  .command('capacity')
  .description(
    'decisions a second that are answered while p99 stays under a limit, the load generator on the same cores',
  )
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
  .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('headline'))
  .option('--workers <n>', 'deciding threads of the server', positive, availableParallelism())
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
  .option('--items <list>', 'catalogue sizes, smallest first', sizes, [10_000, 1_000_000])
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
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
  .command('headline')
  .description(
    'what the product is held to: CPU to the bare handler, decisions a second on all cores, growth of latency',
  )
  .option('--items <n>', 'catalogue size', positive, 1_000_000)
  .option('--smallest <n>', 'catalogue size that growth begins at', positive, 10_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
  .option('--rounds <n>', 'interleaved rounds', positive, 5)
  .option('--seed <n>', 'seed of the shops, the requests and the arrivals', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- headline')
  .action(async (options) => print(await benchHeadline(options, say), renderHeadline, options.json))

program
  .command('sizing')
  .description('bytes an item, a shopper and a worker take on disk and in memory, and requests a second and core')
  .option('--items <n>', 'catalogue size; another shop has twice as many', positive, 100_000)
  .option('--shoppers <n>', 'known shoppers; another shop has twice as many', positive, 50_000)
  .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
  .option('--rounds <n>', 'interleaved rounds', positive, 3)
  .option('--seed <n>', 'seed of the shops and the requests', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- sizing --items 100000')
  .action(async (options) => print(await benchSizing(options, say), renderSizing, options.json))

program
  .command('compare')
  .description('a change and its base: two built checkouts in paired rounds, or two files of `http --json` lines')
  .argument('<a>', 'the base: a checkout, its dist, or a file')
  .argument('<b>', 'the change')
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns (default: of the scenario)', wholeNumber)
  .addOption(new Option('--scenario <name>', 'what is asked').choices(HTTP_SCENARIO_NAMES).default('known'))
  .option('--workers <n>', 'deciding threads of each server', wholeNumber, 1)
  .option('--connections <n>', 'connections of the closed loop', wholeNumber, 32)
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
  .command('offers')
  .description('what offers add to a recommendation over HTTP, in units of a bare handler')
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns', wholeNumber, 32)
  .option('--connections <n>', 'connections of the load', wholeNumber, 32)
  .option('--seconds <n>', 'seconds a round at each path', wholeNumber, 3)
  .option('--rounds <n>', 'interleaved rounds', wholeNumber, 5)
  .option('--seed <n>', 'seed of the shop and of the requests', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- offers --campaigns 32')
  .action(async (options) => print(await benchOffers(options, say), renderOffers, options.json))

program
  .command('events')
  .description('durable events: their cost beside bare writes, and what decisions beside them feel')
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns', wholeNumber, 4)
  .option('--events-per-second <n>', 'events', positive, 5000)
  .option('--decisions-per-second <n>', 'decisions beside them', positive, 1000)
  .option('--seconds <n>', 'seconds a round with events and without', positive, 5)
  .option('--rounds <n>', 'interleaved rounds', positive, 5)
  .option('--restart-events <n>', 'events in the log of a server that starts', positive, 500_000)
  .option('--seed <n>', 'seed of the shop, of requests and events', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- events --rounds 5')
  .action(async (options) => print(await benchEvents(options, say), renderEvents, options.json))

program
  .command('replay')
  .description('decide every row of a served run again, byte for byte, and test its propensities')
  .option('--requests <n>', 'requests, at least', wholeNumber, 100_000)
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns', wholeNumber, 32)
  .option('--connections <n>', 'connections of the load', wholeNumber, 16)
  .option('--seed <n>', 'seed of the shop and of the requests', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- replay --requests 100000')
  .action(async (options) => print(await benchReplay(options, say), renderReplay, options.json))

program
  .command('carts')
  .description('random carts × campaigns, priced by the engine and by a literal reading of the rules')
  .option('--carts <n>', 'carts', wholeNumber, 1_000_000)
  .option('--items <n>', 'catalogue size', wholeNumber, 200)
  .option('--seed <n>', 'seed of the shop and of the carts', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- carts --carts 100000')
  .action(async (options) => print(await benchCarts(options, say), renderCarts, options.json))

program
  .command('swap')
  .description('snapshots swapped under load: failed requests, answers that mix two')
  .option('--items <n>', 'catalogue size', wholeNumber, 20_000)
  .option('--shoppers <n>', 'known shoppers', wholeNumber, 50_000)
  .option('--campaigns <n>', 'live campaigns', wholeNumber, 4)
  .option('--workers <n>', 'deciding threads of the server', wholeNumber, 1)
  .option('--connections <n>', 'connections of the load', wholeNumber, 8)
  .option('--swaps <n>', 'activations', wholeNumber, 100)
  .option('--seed <n>', 'seed of the shops and of the requests', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- swap --swaps 100')
  .action(async (options) => print(await benchSwap(options, say), renderSwap, options.json))

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
  .option('--requests <n>', 'requests of a week with one budget; half as many under 16 constraints', positive, 200_000)
  .option('--parity <n>', 'requests of the programs that HiGHS solves too, in minutes; 0: none', wholeNumber, 20_000)
  .option('--seeds <n>', 'weeks and days of each kind', positive, 10)
  .option('--seed <n>', 'seed of the first', wholeNumber, 1)
  .option('--json', 'one line of JSON', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- allocate --requests 50000 --parity 2000 --seeds 5')
  .action(async (options) => print(await benchAllocate(options, say), renderAllocate, options.json))

await program.parseAsync()
