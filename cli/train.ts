/** `offerwright train`: learns from what import wrote; one section file per stage. */
import { Command, Option } from 'commander'
import { Erasures } from '../core/store/erasure/erasures.ts'
import { eraseFromData } from '../training/erasure/erase-data.ts'
import { eraseFromParts } from '../training/erasure/erase-parts.ts'
import { TRAINING_DEFAULTS, type TrainingParameters, trainingParameters } from '../training/parameters.ts'
import { STAGE_NAMES, train } from '../training/train.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { chosenModels, type ModelOptions, withModels } from './model-options.ts'
import { decimal, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'
import { instant } from './time-options.ts'

type Chosen = Pick<
  TrainingParameters,
  'threads' | 'seed' | 'neighbours' | 'historyStored' | 'maxBasket' | 'halfLifeDays' | 'until'
>

interface TrainCommandOptions extends HomeOptions, ModelOptions, Chosen {
  stage?: string
}

export function trainCommand(): Command {
  const defaults = TRAINING_DEFAULTS
  return withModels(withHome(new Command('train')))
    .description(
      'learn similarity, popularity, vectors and prices from the imported data, and the response to offers from the logs of ' +
        'the server, measure them on held-out weeks, and plan what budgets are worth',
    )
    .addOption(new Option('--stage <name>', 'run one stage again, on what the others left').choices(STAGE_NAMES))
    .option('--threads <n>', 'threads of the numeric stages; the result is the same', wholeNumber, defaults.threads)
    .option('--seed <n>', 'seed of vectors and index', wholeNumber, defaults.seed)
    .option('--neighbours <k>', 'neighbours kept of each item', wholeNumber, defaults.neighbours)
    .option('--history-stored <n>', 'newest items kept of each shopper', wholeNumber, defaults.historyStored)
    .option('--max-basket <n>', 'newest items of a shopper that teach similarity; all without it', wholeNumber)
    .option('--half-life-days <days>', 'age at which popularity counts half', decimal, defaults.halfLifeDays)
    .option('--until <date>', 'use only events before this instant (2011-11-11 or an ISO 8601 time)', instant)
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright train --shop my-shop --threads 4\n  $ offerwright train --stage prices',
    )
    .action(async ({ stage, ...options }: TrainCommandOptions) => {
      const { data, sections, log: logs, campaigns } = shopFolders(options)
      const erasures = Erasures.read(logs)
      await eraseFromParts(logs, erasures)
      await eraseFromData(data, erasures)
      const progress = progressView()
      const parameters = trainingParameters({ ...chosen(options), ...chosenModels(options) })
      await train({ data, sections, logs, campaigns, parameters, stage, onProgress: progress.show }).finally(
        progress.end,
      )
      process.stdout.write(`${sections}\n`)
    })
}

function chosen(options: Chosen): Partial<TrainingParameters> {
  const { threads, seed, neighbours, historyStored, halfLifeDays, maxBasket, until } = options
  return { threads, seed, neighbours, historyStored, halfLifeDays, maxBasket: maxBasket ?? null, until: until ?? null }
}
