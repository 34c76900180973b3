/** `offerwright snapshot diff A B`: what B would change against A, before anybody is shown it. */
import type { Command } from 'commander'
import { diffSnapshots, type NumberChange, type SnapshotDiff } from '../core/snapshot/diff/diff.ts'
import { openSnapshot, type SnapshotImage } from '../core/snapshot/open.ts'
import { snapshotFolder } from '../core/snapshot/store.ts'
import { shopFolders } from './home.ts'
import { positive, wholeNumber } from './number-options.ts'
import { type OfferChanges, offerChanges } from './offer-changes.ts'
import { resolveSnapshotId } from './snapshot-id.ts'
import { leaf, type OutputOptions, print } from './snapshot-leaf.ts'
import { table } from './table.ts'

interface DiffCommandOptions extends OutputOptions {
  examples: number
  neighbours: number
  shoppers: number
}

export function diffCommand(): Command {
  return leaf('diff', 'what a snapshot changes against another', 'offerwright snapshot diff current 3f9a')
    .argument('<before>', 'id, the start of one, or `current`')
    .argument('<after>', 'id, the start of one, or `current`')
    .option('--examples <n>', 'how many changes of each kind are named', wholeNumber, 5)
    .option('--neighbours <n>', 'how many of an item’s nearest neighbours are compared', positive, 10)
    .option('--shoppers <n>', 'for how many shoppers both decide, under the campaigns as they stand', wholeNumber, 200)
    .action(diff)
}

async function diff(before: string, after: string, options: DiffCommandOptions): Promise<void> {
  const folders = shopFolders(options)
  const [a, b] = [await resolveSnapshotId(folders.snapshots, before), await resolveSnapshotId(folders.snapshots, after)]
  const tables = diffSnapshots(await open(folders.snapshots, a), await open(folders.snapshots, b), options)
  const offers = await offerChanges(folders, [a, b], options.shoppers, Date.now())
  print(options, { ...tables, offers }, [...tableLines(tables), ...offerLines(offers)])
}

function open(store: string, id: string): Promise<SnapshotImage> {
  return openSnapshot(snapshotFolder(store, id), { expectedId: id, reserveBytes: () => 0 })
}

function tableLines({ items, shoppers, neighbours, dualPrices, metrics }: SnapshotDiff): string[] {
  const { added, removed, common, changed, examples } = items
  const columns = Object.entries(changed).map(([column, count]) => `${column} ${count}`)
  return [
    `items       ${added} new, ${removed} gone, ${common} in both; changed: ${columns.join(', ')}`,
    ...examples.added.map((item) => `  + ${item}`),
    ...examples.removed.map((item) => `  - ${item}`),
    ...examples.changed.map(({ item, column, before, after }) => `  ${item}: ${column} ${before} → ${after}`),
    `shoppers    ${shoppers.added} new, ${shoppers.removed} gone, ${shoppers.common} in both`,
    `neighbours  ${neighbours.changed} items have others; mean overlap ${neighbours.meanOverlap.toFixed(4)}`,
    ...neighbours.examples.map(
      ({ item, overlap, before, after }) =>
        `  ${item}: overlap ${overlap.toFixed(2)}, ${before.join(' ') || 'none'} → ${after.join(' ') || 'none'}`,
    ),
    ...numberLines('price', dualPrices),
    ...numberLines('metric', metrics),
  ]
}

function numberLines(title: string, changes: NumberChange[]): string[] {
  if (changes.length === 0) return []
  const text = (value: number | null) => (value === null ? '-' : String(value))
  const cells = changes.map(({ name, before, after }) => [
    name,
    text(before),
    text(after),
    before === null || after === null ? '' : signed(after - before),
  ])
  const right = { align: 'right' as const }
  const layout = [{ title }, { title: 'before', ...right }, { title: 'after', ...right }, { title: 'by', ...right }]
  return ['', ...table(layout, cells)]
}

function signed(value: number): string {
  return value === 0 ? '0' : `${value > 0 ? '+' : ''}${value.toPrecision(3)}`
}

function offerLines({ shoppers, before, after, differ, meanItemOverlap, examples }: OfferChanges): string[] {
  if (shoppers === 0) return []
  const share = (count: number) => `${((100 * count) / shoppers).toFixed(1)} %`
  const cells = [
    ['empty answers', share(before.empty), share(after.empty)],
    ['answers with an offer', share(before.withOffer), share(after.withOffer)],
    ['taken off an answer, minor units', before.meanDiscountMinor.toFixed(2), after.meanDiscountMinor.toFixed(2)],
  ]
  const right = { align: 'right' as const }
  return [
    '',
    ...table([{ title: `${shoppers} shoppers` }, { title: 'before', ...right }, { title: 'after', ...right }], cells),
    `${share(differ)} get other offers; mean overlap of items ${meanItemOverlap.toFixed(4)}`,
    ...examples.map((one) => `  ${one.shopper}: ${one.before.join(' ') || 'none'} → ${one.after.join(' ') || 'none'}`),
  ]
}
