/** `offerwright evaluate split`: how well the models rank what shoppers bought later. */
import { Command, Option } from 'commander'
import { LIMITS } from '../core/contract/requests.ts'
import type { RankingReport } from '../core/evaluation/tally.ts'
import { evaluateSplit, type SplitResult } from '../training/evaluation/split.ts'
import { TRAINING_DEFAULTS, trainingParameters } from '../training/parameters.ts'
import { demandCommand } from './evaluate-demand.ts'
import { hiddenCommand } from './evaluate-hidden.ts'
import { indexCommand } from './evaluate-index.ts'
import { policyCommand } from './evaluate-policy.ts'
import { rankingCommand } from './evaluate-ranking.ts'
import { sessionsCommand } from './evaluate-sessions.ts'
import { upliftCommand } from './evaluate-uplift.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { chosenModels, type ModelOptions, withModels } from './model-options.ts'
import { decimal, listLength, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface SplitCommandOptions extends HomeOptions, ModelOptions {
  by: 'time'
  holdoutWeeks: number
  k: number
  threads: number
  neighbours: number
  halfLifeDays: number
  json?: boolean
}

export function evaluateCommand(): Command {
  const command = new Command('evaluate').description('measure models on data they did not learn from')
  return command
    .addCommand(splitCommand())
    .addCommand(rankingCommand())
    .addCommand(hiddenCommand())
    .addCommand(indexCommand())
    .addCommand(sessionsCommand())
    .addCommand(upliftCommand())
    .addCommand(policyCommand())
    .addCommand(demandCommand())
    .addHelpText('after', '\nExample:\n  $ offerwright evaluate split --by time --holdout-weeks 4 --shop my-shop')
}

function splitCommand(): Command {
  return withModels(withHome(new Command('split')))
    .description("train on the imported data's earlier part and rank what was bought in the later")
    .addOption(new Option('--by <what>', 'how the data is split').choices(['time']).default('time'))
    .option('--holdout-weeks <n>', 'weeks held out at the end', positive, 4)
    .option('--k <n>', `length of the lists, at most ${LIMITS.slots}`, listLength, 20)
    .option('--threads <n>', 'threads of the numeric stages', wholeNumber, TRAINING_DEFAULTS.threads)
    .option('--neighbours <k>', 'neighbours kept of each item', wholeNumber, TRAINING_DEFAULTS.neighbours)
    .option('--half-life-days <days>', 'age at which popularity counts half', decimal, TRAINING_DEFAULTS.halfLifeDays)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ offerwright evaluate split --by time --holdout-weeks 4 --k 20 --json')
    .action(async (options: SplitCommandOptions) => {
      const { holdoutWeeks, k, threads, neighbours, halfLifeDays } = options
      const progress = progressView()
      const result = await evaluateSplit({
        data: shopFolders(options).data,
        holdoutWeeks,
        k,
        parameters: trainingParameters({ threads, neighbours, halfLifeDays, ...chosenModels(options) }),
        onProgress: progress.show,
      }).finally(progress.end)
      process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : table(result)}\n`)
    })
}

function table({ cut, k, shoppers, models, blend, gains, recallRatio }: SplitResult): string {
  const row = (name: string, m: RankingReport) =>
    `${name.padEnd(26)}${[m.recall, m.ndcg, m.mrr, m.hitRate].map((value) => value.toFixed(4).padStart(12)).join('')}` +
    `   ${spread(m.intervals.recall)}   ${(100 * m.coverage).toFixed(1).padStart(5)} %   ${m.novelty.toFixed(1).padStart(5)} bits`
  const heads = ['Recall', 'NDCG', 'MRR', 'Hit rate'].map((head) => `${head}@${k}`.padStart(12)).join('')
  const weights = Object.entries(blend).filter(([, weight]) => weight > 0)
  return [
    `${shoppers} shoppers, held out from ${new Date(cut).toISOString()} on`,
    `${'model'.padEnd(26)}${heads}   Recall, 95 %          coverage    novelty`,
    row('blend of sources', models.blended),
    row('item-item rows', models.rows),
    row('popularity', models.popularity),
    row('time-decayed popularity', models.decayedPopularity),
    `sources of the blend: ${weights.map(([name, weight]) => `${name} × ${weight.toPrecision(3)}`).join(', ')}`,
    `blend − rows, Recall@${k}: ${gain(gains.overRows)}`,
    `blend − popularity, Recall@${k}: ${gain(gains.overPopularity)}`,
    `item-item rows / popularity, Recall@${k}: ${recallRatio.toFixed(2)}`,
  ].join('\n')
}

function spread([low, high]: readonly [number, number]): string {
  return `${low.toFixed(4)} to ${high.toFixed(4)}`
}

function gain({ recall, interval }: SplitResult['gains']['overRows']): string {
  return `${recall >= 0 ? '+' : ''}${recall.toFixed(4)} (95 %: ${spread(interval)})`
}
