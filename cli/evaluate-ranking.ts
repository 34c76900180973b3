/** `offerwright evaluate ranking`: a model on a published split, through the stages and the scoring that serve. */
import { Command, Option } from 'commander'
import { INTERACTION_FORMATS, type InteractionFormat } from '../training/evaluation/interactions.ts'
import { MODEL_NAMES, type ModelName } from '../training/evaluation/models.ts'
import { evaluateRanking, type RankingResult } from '../training/evaluation/ranking.ts'
import { TRAINING_DEFAULTS } from '../training/parameters.ts'
import { listLength, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface RankingCommandOptions {
  train: string
  test: string
  format: InteractionFormat
  model: ModelName | 'auto'
  k: number
  neighbors: number
  threads: number
  seed: number
  json?: boolean
}

export function rankingCommand(): Command {
  return new Command('ranking')
    .description('train on one file and rank what another one holds, over all items')
    .requiredOption('--train <file>', 'interactions to learn from; .gz too')
    .requiredOption('--test <file>', 'interactions to find')
    .addOption(
      new Option('--format <name>', 'lists: `user item item …` a line; csv: columns user, item and maybe time')
        .choices(INTERACTION_FORMATS)
        .default('lists'),
    )
    .addOption(new Option('--model <name>', 'what is learned').choices(['auto', ...MODEL_NAMES]).default('auto'))
    .option('--k <n>', 'length of the lists', listLength, 20)
    .option('--neighbors <n>', 'weights kept of each item', positive, TRAINING_DEFAULTS.neighbours)
    .option('--threads <n>', 'threads of the numeric stages', positive, TRAINING_DEFAULTS.threads)
    .option('--seed <n>', 'seed of what is drawn', wholeNumber, TRAINING_DEFAULTS.seed)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright evaluate ranking --train train.txt.gz --test test.txt.gz --model item-cf --k 20',
    )
    .action(async ({ neighbors, json, ...options }: RankingCommandOptions) => {
      const progress = progressView()
      const result = await evaluateRanking({ ...options, neighbours: neighbors, onProgress: progress.show }).finally(
        progress.end,
      )
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : text(result)}\n`)
    })
}

function text(r: RankingResult): string {
  return [
    `${r.model}: ${r.users} shoppers, ${r.items} items, ${r.rejectedRows} rows set aside`,
    `Recall@${r.k} ${r.recall.toFixed(4)}  NDCG@${r.k} ${r.ndcg.toFixed(4)}  MRR@${r.k} ${r.mrr.toFixed(4)}  Hit rate@${r.k} ${r.hitRate.toFixed(4)}`,
    ...(r.validation ?? []).map(
      ({ model, ndcg }) =>
        `  validation: ${model} ${ndcg === null ? 'not tried, too long' : `NDCG ${ndcg.toFixed(4)}`}`,
    ),
    `trained in ${r.trainSeconds.toFixed(1)} s, peak memory ${(r.peakRssBytes / 2 ** 30).toFixed(2)} GiB, snapshot ${(r.snapshotBytes / 1e6).toFixed(1)} MB`,
  ].join('\n')
}
