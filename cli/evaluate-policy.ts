/** `offerwright evaluate policy`: what choosing an arm for each customer under a budget is worth, from a randomised trial. */
import { Command } from 'commander'
import { evaluatePolicy, type PolicyResult } from '../training/effects/policy.ts'
import { commaSeparated } from './cart-option.ts'
import { decimal, namedNumbers, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface PolicyCommandOptions {
  data: string
  treatment: string
  costs: Record<string, number>
  outcome: string
  features: string[]
  budget: number
  propensity?: string
  splits: number
  seed: number
  json?: boolean
}

export function policyCommand(): Command {
  return new Command('policy')
    .description('what choosing an arm for each customer is worth under a budget, beside the best fixed mix of arms')
    .requiredOption('--data <file>', 'CSV file with a header, one row a customer; .gz too')
    .requiredOption('--treatment <column>', 'which arm a customer was given')
    .requiredOption('--costs <value=cost,…>', 'what each arm costs', namedNumbers)
    .requiredOption('--outcome <column>', 'what came of it, a number')
    .requiredOption('--features <columns>', 'what was known before', commaSeparated)
    .requiredOption('--budget <cost>', 'mean cost a customer', decimal)
    .option('--propensity <column|probability>', "probability of the arm given (default: the arms' shares)")
    .option('--splits <n>', 'halvings that are learned on one side and measured on the other', positive, 20)
    .option('--seed <n>', 'seed of the halves', wholeNumber, 1)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ offerwright evaluate policy --data trial.csv.gz --treatment arm --costs none=0,mail=0.5,call=1 \\\n' +
        '      --outcome visit --features recency,history,channel --budget 0.25 --json',
    )
    .action(async (options: PolicyCommandOptions) => {
      const { propensity, ...rest } = options
      const number = propensity === undefined ? null : Number(propensity)
      const progress = progressView()
      const result = await evaluatePolicy({
        ...rest,
        propensity: number === null || (number > 0 && number <= 1) ? number : (propensity as string),
        onProgress: (done) =>
          progress.show({
            stage: 'policy',
            done,
            total: options.splits,
            message: `split ${done} of ${options.splits}`,
          }),
      }).finally(progress.end)
      process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : told(result)}\n`)
    })
}

function told({ rows, arms, budget, ours, untargeted, difference }: PolicyResult): string {
  const line = (name: string, { mean, deviation, meanCost }: PolicyResult['ours']) =>
    `${name.padEnd(22)}${mean.toFixed(4).padStart(8)} ± ${deviation.toFixed(4)}   ${meanCost.toFixed(4).padStart(9)}`
  return [
    `${rows} customers, arms ${arms.join(', ')}, budget ${budget} a customer`,
    `${'gain a customer'.padEnd(22)}${'mean'.padStart(8)}   deviation  mean cost`,
    line('ours', ours),
    line('best fixed mix', untargeted),
    `ours − best fixed mix: ${difference.mean.toFixed(4)} ± ${difference.deviation.toFixed(4)} over splits`,
  ].join('\n')
}
