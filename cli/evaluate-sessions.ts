/** `offerwright evaluate sessions`: what comes next in a session, through the stages and the scoring that serve. */
import { Command, Option } from 'commander'
import type { Interval } from '../core/evaluation/bootstrap.ts'
import { SESSION_FORMATS, type SessionFormat } from '../training/evaluation/session-files.ts'
import { EVALUATED_MODELS, type EvaluatedModel } from '../training/evaluation/session-models.ts'
import { evaluateSessions, type SessionsResult } from '../training/evaluation/sessions.ts'
import { TRAINING_DEFAULTS } from '../training/parameters.ts'
import { listLength, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface SessionsCommandOptions {
  train: string
  test: string
  format: SessionFormat
  model: EvaluatedModel
  k: number
  threads: number
  seed: number
  json?: boolean
}

export function sessionsCommand(): Command {
  return new Command('sessions')
    .description('train on sessions and rank what comes next in others')
    .requiredOption('--train <file>', 'sessions to learn from; .gz too')
    .requiredOption('--test <file>', 'what to find')
    .addOption(
      new Option(
        '--format <name>',
        'sessions: the items of one a line, test `prefix<TAB>next`; clicks: columns SessionId ItemId Time',
      )
        .choices(SESSION_FORMATS)
        .default('sessions'),
    )
    .addOption(
      new Option('--model <name>', 'what is learned; auto: what is best on the last tenth of the train sessions')
        .choices(EVALUATED_MODELS)
        .default('auto'),
    )
    .option('--k <n>', 'length of the lists', listLength, 20)
    .option('--threads <n>', 'threads of the numeric stages', positive, TRAINING_DEFAULTS.threads)
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber, TRAINING_DEFAULTS.seed)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright evaluate sessions --train train.txt.gz --test test.txt.gz --format clicks --k 20',
    )
    .action(async ({ json, ...options }: SessionsCommandOptions) => {
      const progress = progressView()
      const result = await evaluateSessions({ ...options, onProgress: progress.show }).finally(progress.end)
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : text(result)}\n`)
    })
}

function text(r: SessionsResult): string {
  const { recall, ndcg, mrr, hitRate, novelty } = r.intervals
  return [
    `${r.chosen}: ${r.users} questions, ${r.sessions} train sessions, ${r.items} items`,
    ...(r.badLines > 0 ? [`${r.badLines} lines could not be read, the first at ${r.firstBadLine}`] : []),
    measured(`Hit rate@${r.k}`, r.hitRate, hitRate),
    measured(`MRR@${r.k}`, r.mrr, mrr),
    measured(`NDCG@${r.k}`, r.ndcg, ndcg),
    measured(`Recall@${r.k}`, r.recall, recall),
    measured('Novelty, bits', r.novelty, novelty),
    `Coverage       ${r.coverage.toFixed(4)}`,
    ...Object.entries(r.segments).map(
      ([name, s]) => `  ${name}: ${s.lists} questions, hit rate ${s.hitRate.toFixed(4)}, MRR ${s.mrr.toFixed(4)}`,
    ),
    ...(r.validation ?? []).map(({ model, ndcg }) => `  validation: ${model} NDCG ${ndcg.toFixed(4)}`),
    `trained in ${r.trainSeconds.toFixed(1)} s, peak memory ${(r.peakRssBytes / 2 ** 30).toFixed(2)} GiB, snapshot ${(r.snapshotBytes / 1e6).toFixed(1)} MB`,
  ].join('\n')
}

function measured(name: string, value: number, [low, high]: Interval): string {
  return `${name.padEnd(15)}${value.toFixed(4)}  (95 %: ${low.toFixed(4)} to ${high.toFixed(4)})`
}
