/** `offerwright publish`: the trained sections become a snapshot, and servers take it over. */
import type { KeyObject } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { KEPT_PARENTS, pruneSnapshots } from '../core/snapshot/retention.ts'
import { readSummary } from '../training/dataset.ts'
import { OUTSIDE_SECTIONS, type OutsideSections, outsideSections } from '../training/outside.ts'
import { publishSections } from '../training/publish.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { decimal, wholeNumber } from './number-options.ts'
import { signingKey } from './signing-keys.ts'

interface PublishCommandOptions extends HomeOptions {
  activate: boolean
  parents: number
  signingKey?: KeyObject
  tolerance: number
  force?: boolean
  section: string[]
  report?: string
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
    .option('--signing-key <file>', 'Ed25519 private key in PEM to sign the snapshot with', signingKey)
    .option('--parents <n>', 'snapshots that served before and stay; older ones go', wholeNumber, KEPT_PARENTS)
    .option(
      '--tolerance <share>',
      'how much worse a measured quality may be than in the current snapshot',
      decimal,
      0.1,
    )
    .option('--force', 'publish also what is worse; the log says so')
    .option('--section <name=file>', `take a section made outside: ${OUTSIDE_SECTIONS.join(', ')}; repeat`, collect, [])
    .option('--report <file>', 'JSON: which import those sections were made from, and their model parameters')
    .addHelpText(
      'after',
      '\nExamples:\n  $ offerwright publish --shop my-shop --no-activate' +
        '\n  $ offerwright publish --section similarity=similarity.safetensors --report report.json',
    )
    .action(async (options: PublishCommandOptions) => {
      const { data, sections, snapshots: store, root } = shopFolders(options)
      const dataset = await readSummary(data)
      const quality: unknown = JSON.parse(await readFile(join(data, 'quality.json'), 'utf8'))
      const { activate, parents, tolerance, force } = options
      const outside = await outsideOf(options)
      const gates = { tolerance: force ? null : tolerance, signingKey: options.signingKey }
      const now = Date.now()
      const activateAt = activate ? now : null
      const id = await publishSections({ dataset, sections, store, quality, activateAt, outside, ...gates })
      const { shop } = dataset
      await logPublish(root, { v: 1, shop, time: now, snapshot: id, activate, forced: force === true })
      process.stdout.write(`${id}\n`)
      if (activate) await pruneSnapshots(store, parents).catch(noteNotPruned)
      if (outside) warnOfScale(outside)
    })
}

/** The snapshot is published and serves; what is left behind takes room alone. */
function noteNotPruned(error: Error): void {
  process.stderr.write(`note: no old snapshot was deleted: ${error.message}\n`)
}

async function logPublish(folder: string, row: PublishRow): Promise<void> {
  await appendFile(join(folder, 'publishes.ndjson'), `${JSON.stringify(row)}\n`)
}

function collect(text: string, before: string[]): string[] {
  return [...before, text]
}

async function outsideOf({ section, report }: PublishCommandOptions): Promise<OutsideSections | undefined> {
  if (report !== undefined) return outsideSections(section, report)
  if (section.length === 0) return undefined
  throw new OfferwrightError('missing_field', 'sections made outside need --report', { field: 'report' })
}

/** Discounts hang on the probability of buying, and its curve was learned over the scores of the trained rows. */
function warnOfScale({ files, report }: OutsideSections): void {
  if (!files.has('similarity') || report.model?.calibration) return
  process.stderr.write(
    'note: the report brings no calibration; the curve of the trained rows holds only for scores of the same scale\n',
  )
}
