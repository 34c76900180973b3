/** Commands: what the kernel, the index and a decision cost in this process. */
import { type Command, Option } from 'commander'
import { positive, wholeNumber } from '../../cli/number-options.ts'
import { benchAnn, renderAnn } from '../ann.ts'
import { benchCarts, renderCarts } from '../carts.ts'
import { benchDecide, renderDecide } from '../decide.ts'
import { benchKernel, renderKernel } from '../kernel.ts'
import { SCENARIOS } from '../requests.ts'
import { ascending, print, say } from './print.ts'

export function addInProcessCommands(program: Command): void {
  program
    .command('kernel')
    .description('the WebAssembly kernel beside plain JavaScript, and its loops beside the same in C')
    .option('--items <n>', 'catalogue size', positive, 100_000)
    .option('--rounds <n>', 'interleaved rounds', positive, 15)
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
    .option('--items <list>', 'catalogue sizes', ascending, [10_000, 1_000_000])
    .option('--shoppers <n>', 'known shoppers', positive, 50_000)
    .option('--neighbours <n>', 'of each item in its row (default: 100)', positive)
    .option('--campaigns <n>', 'live campaigns', wholeNumber, 4)
    .addOption(new Option('--scenario <name>', 'who asks').choices(SCENARIOS).default('known'))
    .option('--rounds <n>', 'interleaved rounds', positive, 9)
    .option('--decisions <n>', 'decisions a round', positive, 3000)
    .option('--seconds <n>', 'seconds of load at the bare handler a round', positive, 1)
    .option('--seed <n>', 'seed of the shop and of the requests', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- decide --items 10000,1000000 --campaigns 32')
    .action(async (options) => print(await benchDecide(options, say), renderDecide, options.json))

  program
    .command('carts')
    .description('random carts × campaigns, priced by the engine and by a literal reading of the rules')
    .option('--carts <n>', 'carts', positive, 1_000_000)
    .option('--items <n>', 'catalogue size', positive, 200)
    .option('--seed <n>', 'seed of the shop and of the carts', wholeNumber, 1)
    .option('--json', 'one line of JSON', false)
    .addHelpText('after', '\nExample:\n  npm run bench -- carts --carts 100000')
    .action(async (options) => print(await benchCarts(options, say), renderCarts, options.json))
}
