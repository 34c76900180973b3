/** `offerwright evaluate uplift`: what a randomised treatment does, and whether features predict for whom. */
import { Command } from 'commander'
import { evaluateUplift, type QiniOverSplits, type UpliftResult } from '../training/effects/uplift.ts'
import { commaSeparated } from './cart-option.ts'
import { namedNumbers, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface UpliftCommandOptions {
  data: string
  treatment: string
  treated: string
  control: string
  outcome: string
  features: string[]
  shares?: Record<string, number>
  splits: number
  seed: number
  json?: boolean
}

export function upliftCommand(): Command {
  return new Command('uplift')
    .description('the effect of a randomised treatment, and whether features predict for whom it is larger')
    .requiredOption('--data <file>', 'CSV file with a header, one row a case; .gz too')
    .requiredOption('--treatment <column>', 'which arm a case was given')
    .requiredOption('--treated <value>', 'the arm whose effect is asked for')
    .requiredOption('--control <value>', 'the arm that it is compared with')
    .requiredOption('--outcome <column>', 'what came of it, a number')
    .requiredOption('--features <columns>', 'what was known before', commaSeparated)
    .option('--shares <value=share,…>', 'planned shares of the arms (default: equal)', namedNumbers)
    .option('--splits <n>', 'halvings that are learned on one side and measured on the other', positive, 20)
    .option('--seed <n>', 'seed of the halves', wholeNumber, 1)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright evaluate uplift --data trial.csv.gz --treatment arm --treated mail --control none \\\n' +
        '      --outcome visit --features recency,history,channel --json',
    )
    .action(async (options: UpliftCommandOptions) => {
      const progress = progressView()
      const result = await evaluateUplift({
        ...options,
        shares: options.shares ?? null,
        onProgress: (done) =>
          progress.show({
            stage: 'uplift',
            done,
            total: options.splits,
            message: `split ${done} of ${options.splits}`,
          }),
      }).finally(progress.end)
      process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : told(result)}\n`)
    })
}

function told(result: UpliftResult): string {
  const { effect, standardError, meanTreated, meanControl, sampleRatio, models, signal } = result
  const line = (name: string, { mean, deviation, low, high }: QiniOverSplits) =>
    `${name.padEnd(28)}${mean.toFixed(4).padStart(8)} ± ${deviation.toFixed(4)}   ${low.toFixed(4)} to ${high.toFixed(4)}`
  const counts = Object.entries(sampleRatio.counts).map(([name, count]) => `${name} ${count}`)
  return [
    `${result.rows} cases; outcome ${meanTreated.toFixed(5)} treated, ${meanControl.toFixed(5)} not`,
    `effect ${effect >= 0 ? '+' : ''}${effect.toFixed(5)} (SE ${standardError.toFixed(5)})`,
    `arms: ${counts.join(', ')}; sample ratio χ² ${sampleRatio.chiSquare.toFixed(4)}, p ${sampleRatio.p.toFixed(4)}`,
    `${'Qini over splits'.padEnd(28)}${'mean'.padStart(8)}   deviation  2.5 to 97.5 %`,
    line('two models', models.two_models),
    line('chosen by cross-validation', models.chosen),
    line('random', models.random),
    `calibration: observed / predicted uplift, slope ${result.calibrationSlope.toFixed(2)} (as learned ${result.asLearned.calibrationSlope.toFixed(2)})`,
    signal
      ? 'signal: features predict for whom the effect is larger'
      : 'no signal: targeting by these features cannot be told from treating at random',
  ].join('\n')
}
