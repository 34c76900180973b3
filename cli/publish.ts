/** `offerwright publish`: the trained sections become a snapshot, and servers take it over. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { readSummary } from '../training/dataset.ts'
import { publishSections } from '../training/publish.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'

interface PublishCommandOptions extends HomeOptions {
  activate: boolean
}

export function publishCommand(): Command {
  return withHome(new Command('publish'))
    .description('publish the trained sections as a snapshot and make it the current one')
    .option('--no-activate', 'leave the current snapshot in use')
    .addHelpText('after', '\nExample:\n  $ offerwright publish --shop my-shop --no-activate')
    .action(async (options: PublishCommandOptions) => {
      const { data, sections, snapshots: store } = shopFolders(options)
      const dataset = await readSummary(data)
      const quality: unknown = JSON.parse(await readFile(join(data, 'quality.json'), 'utf8'))
      const id = await publishSections({ dataset, sections, store, quality, activate: options.activate })
      process.stdout.write(`${id}\n`)
    })
}
