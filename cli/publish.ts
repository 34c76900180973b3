/** `offerwright publish`: the trained sections become a snapshot, and servers take it over. */
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { readSummary } from '../training/dataset.ts'
import { publishSections } from '../training/publish.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { decimal } from './number-options.ts'

interface PublishCommandOptions extends HomeOptions {
  activate: boolean
  tolerance: number
  force?: boolean
}

/** A row of the publish log. */
interface PublishRow {
  v: 1
  shop: string
  time: number
  snapshot: string
  activate: boolean
  /** The gates were not asked. */
  forced: boolean
}

export function publishCommand(): Command {
  return withHome(new Command('publish'))
    .description('publish the trained sections as a snapshot and make it the current one')
    .option('--no-activate', 'leave the current snapshot in use')
    .option(
      '--tolerance <share>',
      'how much worse a measured quality may be than in the current snapshot',
      decimal,
      0.1,
    )
    .option('--force', 'publish also what is worse; the log says so')
    .addHelpText('after', '\nExample:\n  $ offerwright publish --shop my-shop --no-activate')
    .action(async (options: PublishCommandOptions) => {
      const { data, sections, snapshots: store, root } = shopFolders(options)
      const dataset = await readSummary(data)
      const quality: unknown = JSON.parse(await readFile(join(data, 'quality.json'), 'utf8'))
      const { activate, tolerance, force } = options
      const published = { dataset, sections, store, quality, activate, tolerance: force ? null : tolerance }
      const id = await publishSections(published)
      await logPublish(root, {
        v: 1,
        shop: dataset.shop,
        time: Date.now(),
        snapshot: id,
        activate,
        forced: force === true,
      })
      process.stdout.write(`${id}\n`)
    })
}

async function logPublish(folder: string, row: PublishRow): Promise<void> {
  await appendFile(join(folder, 'publishes.ndjson'), `${JSON.stringify(row)}\n`)
}
