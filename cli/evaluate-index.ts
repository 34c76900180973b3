/** `offerwright evaluate index`: how many of the true nearest items the snapshot's vector index finds. */
import { Command } from 'commander'
import { openGeneration, reserveBytes } from '../core/scoring/generation.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { snapshotFolder } from '../core/snapshot/store.ts'
import { indexRecall } from '../training/evaluation/index-recall.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { positive } from './number-options.ts'
import { resolveSnapshotId } from './snapshot-id.ts'

interface IndexOptions extends HomeOptions {
  snapshot: string
  k: number
  shoppers: number
  json?: boolean
}

export function indexCommand(): Command {
  return withHome(new Command('index'))
    .description("ask the snapshot's vector index for shoppers' nearest items, and compare with all items")
    .option('--snapshot <id>', 'id, the start of one, or `current`', 'current')
    .option('--k <n>', 'nearest items', positive, 20)
    .option('--shoppers <n>', 'shoppers who ask', positive, 500)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ offerwright evaluate index --shop my-shop --k 20')
    .action(async ({ snapshot, k, shoppers, json, ...home }: IndexOptions) => {
      const { snapshots } = shopFolders(home)
      const id = await resolveSnapshotId(snapshots, snapshot)
      const image = await openSnapshot(snapshotFolder(snapshots, id), {
        expectedId: id,
        reserveBytes: (segment) => reserveBytes(segment, 1),
      })
      const result = indexRecall(openGeneration(image, 0), k, shoppers)
      const { recall, items, dim, efSearch } = result
      const text = `recall@${k} ${recall.toFixed(4)}: ${result.shoppers} shoppers, ${items} items, ${dim} dimensions, efSearch ${efSearch}`
      process.stdout.write(`${json ? JSON.stringify(result, null, 2) : text}\n`)
    })
}
