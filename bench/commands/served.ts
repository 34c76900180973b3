/** Commands: what single parts of the server cost over HTTP. */
import type { Command } from 'commander'
import { positive, wholeNumber } from '../../cli/number-options.ts'
import { benchEvents, renderEvents } from '../events/events.ts'
import { benchOffers, renderOffers } from '../http/offers.ts'
import { benchSwap, renderSwap } from '../http/swap.ts'
import { benchOverload, renderOverload } from '../overload/overload.ts'
import { benchReplay, renderReplay } from '../replay.ts'
import { ascending, print, say } from './print.ts'

export function addServedCommands(program: Command): void {
  program
    .command('offers')
    .description('what offers add to a recommendation over HTTP, in units of a bare handler')
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns', wholeNumber, 32)
    .option('--connections <n>', 'connections of the load', positive, 32)
    .option('--seconds <n>', 'seconds a round at each path', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 5)
    .option('--seed <n>', 'seed of the shop and of the requests', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- offers --campaigns 32')
    .action(async (options) => print(await benchOffers(options, say), renderOffers, options.json))

  program
    .command('events')
    .description('durable events: their cost beside bare writes, and what decisions beside them feel')
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
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
    .option('--requests <n>', 'requests, at least', positive, 100_000)
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns', wholeNumber, 32)
    .option('--connections <n>', 'connections of the load', positive, 16)
    .option('--seed <n>', 'seed of the shop and of the requests', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- replay --requests 100000')
    .action(async (options) => print(await benchReplay(options, say), renderReplay, options.json))

  program
    .command('swap')
    .description('snapshots swapped under load: failed requests, answers that mix two')
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns', wholeNumber, 4)
    .option('--workers <n>', 'deciding threads of the server', wholeNumber, 1)
    .option('--connections <n>', 'connections of the load', positive, 8)
    .option('--swaps <n>', 'activations', positive, 100)
    .option('--seed <n>', 'seed of the shops and of the requests', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- swap --swaps 100')
    .action(async (options) => print(await benchSwap(options, say), renderSwap, options.json))

  program
    .command('overload')
    .description('what a server on one core does under several times the load it can bear, in an open loop')
    .option('--factor <list>', 'times the peak', ascending, [2, 5])
    .option('--items <n>', 'catalogue size', positive, 20_000)
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--campaigns <n>', 'live campaigns', wholeNumber, 4)
    .option('--workers <n>', 'deciding threads of the server; 0: the one that listens', wholeNumber, 1)
    .option('--batch <n>', 'decisions of one request', positive, 100)
    .option('--objective-ms <n>', 'latency that admission aims at', positive, 100)
    .option('--seconds <n>', 'seconds of the peak, and of each overload', positive, 10)
    .option('--seed <n>', 'seed of the shop, of requests and arrivals', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- overload --factor 2,5')
    .action(async ({ factor, ...options }) =>
      print(await benchOverload({ ...options, factors: factor }, say), renderOverload, options.json),
    )
}
