/** `offerwright import`: a shop's own files, as a mapping describes them, into the shop's data folder. */
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { Erasures } from '../core/store/erasure/erasures.ts'
import { eraseFromData } from '../training/erasure/erase-data.ts'
import { eraseFromParts } from '../training/erasure/erase-parts.ts'
import { importData } from '../training/import/import.ts'
import { qualityTable } from '../training/import/quality-table.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { wholeNumber } from './number-options.ts'
import { progressView } from './progress.ts'

interface ImportCommandOptions extends HomeOptions {
  out?: string
  threads?: number
  json?: boolean
  fromLog?: boolean
}

export function importCommand(): Command {
  return withHome(new Command('import'))
    .description("read a shop's events and items, check every row, and report on the data's quality")
    .argument('[mapping]', "mapping file; without it mapping.json in the shop's source folder")
    .option('--out <folder>', "folder to write to; without it the shop's data folder")
    .option('--from-log', "read the events of the shop's own log too; a running server may go on writing it")
    .option('--threads <n>', "threads; the machine's cores without it", threadCount)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  $ offerwright import my-shop/mapping.json --shop my-shop')
    .action(async (mapping: string | undefined, options: ImportCommandOptions) => {
      const { source, data, shop, log } = shopFolders(options)
      const out = options.out ?? data
      const progress = progressView()
      const { quality } = await importData({
        mapping: mapping ?? join(source, 'mapping.json'),
        out,
        shop,
        threads: options.threads,
        log: options.fromLog ? log : undefined,
        onProgress: progress.show,
      }).finally(progress.end)
      const erasures = Erasures.read(log)
      await eraseFromParts(log, erasures)
      await eraseFromData(out, erasures)
      process.stdout.write(
        options.json ? `${JSON.stringify(quality, null, 2)}\n` : `${qualityTable(quality)}\n${out}\n`,
      )
    })
}

function threadCount(text: string): number {
  const threads = wholeNumber(text)
  if (threads < 1 || threads > 1024) throw new InvalidArgumentError('A whole number from 1 to 1024.')
  return threads
}
