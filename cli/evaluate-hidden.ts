/** `offerwright evaluate hidden`: whether items that nobody has met yet are found by what they are like. */
import { Command } from 'commander'
import { evaluateHidden, type Found, type HiddenResult } from '../training/evaluation/hidden.ts'
import type { Expected } from '../training/evaluation/random-lists.ts'
import { TRAINING_DEFAULTS, trainingParameters } from '../training/parameters.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { decimal, listLength, positive, wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface HiddenCommandOptions extends HomeOptions {
  share: number
  holdoutWeeks: number
  k: number
  threads: number
  seed: number
  json?: boolean
}

export function hiddenCommand(): Command {
  return withHome(new Command('hidden'))
    .description('hide all events of some items, and see whether shoppers who bought them later would have found them')
    .option('--share <share>', 'share of the items that is hidden', decimal, 0.05)
    .option('--holdout-weeks <n>', 'weeks held out at the end', positive, 4)
    .option('--k <n>', 'length of the lists', listLength, 20)
    .option('--threads <n>', 'threads of the numeric stages', positive, TRAINING_DEFAULTS.threads)
    .option('--seed <n>', 'seed of which items are hidden and of training', wholeNumber, TRAINING_DEFAULTS.seed)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ offerwright evaluate hidden --share 0.05 --holdout-weeks 4 --json')
    .action(async (options: HiddenCommandOptions) => {
      const { share, holdoutWeeks, k, threads, seed, json } = options
      const progress = progressView()
      const result = await evaluateHidden({
        data: shopFolders(options).data,
        share,
        holdoutWeeks,
        k,
        parameters: trainingParameters({ threads, seed }),
        onProgress: progress.show,
      }).finally(progress.end)
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : table(result)}\n`)
    })
}

function table({ cut, k, hiddenItems, shoppers, amongAll, amongHidden, known }: HiddenResult): string {
  return [
    `${hiddenItems} items hidden; ${shoppers} shoppers bought one of them from ${new Date(cut).toISOString()} on`,
    ...foundRows('among all items', k, amongAll),
    ...foundRows('among the hidden items', k, amongHidden),
    heads(`what else ${known.shoppers} shoppers bought`, k),
    row('content', known.content),
    row('without content', known.withoutContent),
  ].join('\n')
}

function foundRows(title: string, k: number, { content, withoutContent, popularity, random, timesRandom }: Found) {
  return [
    heads(title, k),
    row('content', content),
    row('without content', withoutContent),
    row('popularity', popularity),
    row('random, expected', random),
    row('content / random', timesRandom, 2),
  ]
}

function heads(title: string, k: number): string {
  return `${title.padEnd(34)}${`Recall@${k}`.padStart(12)}${`Hit rate@${k}`.padStart(13)}`
}

function row(name: string, { recall, hitRate }: Expected, digits = 4): string {
  return `  ${name.padEnd(32)}${recall.toFixed(digits).padStart(12)}${hitRate.toFixed(digits).padStart(13)}`
}
