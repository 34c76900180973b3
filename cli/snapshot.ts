/** `offerwright snapshot …`: look at what was published, check it as a server would, and choose which one serves. */
import type { KeyObject } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { Command } from 'commander'
import { footprint, openSnapshot } from '../core/snapshot/open.ts'
import { pinnedSnapshots } from '../core/snapshot/pins.ts'
import {
  activateSnapshot,
  currentSnapshot,
  type ListedSnapshot,
  listSnapshots,
  snapshotFolder,
} from '../core/snapshot/store.ts'
import { readManifest, type VerifiedManifest, verifySnapshot } from '../core/snapshot/verify.ts'
import { copySnapshot } from '../core/snapshot/write.ts'
import { shopFolders } from './home.ts'
import { addPublicKey } from './signing-keys.ts'
import { diffCommand } from './snapshot-diff.ts'
import { resolveSnapshotId } from './snapshot-id.ts'
import { keepingCommands } from './snapshot-keep.ts'
import { leaf, type OutputOptions, print } from './snapshot-leaf.ts'

interface CopyOptions extends OutputOptions {
  activate?: boolean
}

interface VerifyOptions extends OutputOptions {
  publicKey: KeyObject[]
  requireSignature?: boolean
}

export function snapshotCommand(): Command {
  const command = new Command('snapshot')
    .description('list, inspect, verify, activate, keep, delete and roll back snapshots')
    .addCommand(
      leaf('list', 'what is published, oldest first; * serves', 'offerwright snapshot list --json').action(list),
    )
    .addCommand(
      leaf('inspect', 'sections, sizes and metrics of a snapshot', 'offerwright snapshot inspect')
        .argument('[id]', 'id, the start of one, or `current`', 'current')
        .action(inspect),
    )
    .addCommand(
      leaf('verify', 'check everything a server checks', 'offerwright snapshot verify current --public-key shop.pem')
        .argument('[id]', 'id, the start of one, or `current`', 'current')
        .option('--public-key <file>', 'Ed25519 public key in PEM; may be given again', addPublicKey, [])
        .option('--require-signature', 'refuse a snapshot without a signature')
        .action(verify),
    )
    .addCommand(
      leaf('activate', 'make running servers take a snapshot over', 'offerwright snapshot activate 3f9a')
        .argument('<id>', 'id or the start of one')
        .action(activate),
    )
  command.addCommand(
    leaf(
      'copy',
      'take a snapshot over from another store',
      'offerwright snapshot copy /mnt/shop/snapshots/3f9a… --activate',
    )
      .argument('<folder>', 'folder of the snapshot, named by its id')
      .option('--activate', 'make it the current one')
      .action(copy),
  )
  for (const further of [diffCommand(), ...keepingCommands()]) command.addCommand(further)
  return command
}

async function list(options: OutputOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const pinned = await pinnedSnapshots(store)
  const listed = (await listSnapshots(store)).map((one) => ({ ...one, pinned: pinned.has(one.id) }))
  const lines = listed.length > 0 ? listed.map(listLine) : ['no snapshot is published yet']
  print(options, listed, lines)
}

function listLine(snapshot: ListedSnapshot & { pinned: boolean }): string {
  const { current, pinned, rolledBack } = snapshot
  const start = `${current ? '*' : ' '} ${snapshot.id.slice(0, 12)}`
  const notes = `${pinned ? '  pinned' : ''}${rolledBack === undefined ? '' : `  rolled back: ${rolledBack}`}`
  if ('fault' in snapshot) return `${start}  refused: ${snapshot.fault.message}${notes}`
  const { epoch, watermark, items, shoppers, bytes } = snapshot
  const learned = new Date(watermark).toISOString()
  return `${start}  epoch ${epoch}  learned to ${learned}  ${items} items  ${shoppers} shoppers  ${bytes} bytes${notes}`
}

async function inspect(id: string, options: OutputOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const found = await resolveSnapshotId(store, id)
  const verified = await readManifest(snapshotFolder(store, found), found)
  print(options, { id: found, ...footprint(verified), manifest: verified.manifest }, inspection(verified))
}

function inspection({ id, manifest }: VerifiedManifest): string[] {
  const [{ items, shoppers, sections }] = manifest.segments
  const { bytesPerItem, bytesPerShopper, totalBytes } = footprint({ manifest })
  return [
    `snapshot  ${id}`,
    `shop      ${manifest.shop}, ${manifest.currency}`,
    `epoch     ${manifest.epoch}, after ${manifest.parent ?? 'none'}`,
    `learned   to ${new Date(manifest.watermark).toISOString()}, seed ${manifest.seed}`,
    `size      ${items} items, ${shoppers} shoppers, ${totalBytes} bytes: ` +
      `${bytesPerItem.toFixed(1)} per item, ${bytesPerShopper.toFixed(1)} per shopper`,
    '',
    ...sections.flatMap(({ name, bytes, sha256, tensors }) => [
      `${name.padEnd(12)}${String(bytes).padStart(12)} bytes  sha256 ${sha256.slice(0, 16)}…`,
      ...tensors.map((tensor) => `  ${tensor.name.padEnd(20)} ${tensor.dtype} [${tensor.shape.join(', ')}]`),
    ]),
    '',
    ...Object.entries(manifest.metrics).map(([name, value]) => `${name.padEnd(32)} ${value}`),
  ]
}

/** Loads it, which is what a server does; only that shows whether the tables hold together. */
async function verify(id: string, options: VerifyOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const found = await resolveSnapshotId(store, id)
  const policy = { publicKeys: options.publicKey, requireSignature: options.requireSignature }
  const folder = snapshotFolder(store, found)
  await openSnapshot(folder, { expectedId: found, reserveBytes: () => 0, ...policy })
  const { signed } = await readManifest(folder, found, policy)
  const signature = signed ? 'signed by a trusted key' : 'signature not checked'
  print(options, { id: found, ok: true, signed }, [`${found}: every hash and table is sound, ${signature}`])
}

/** Its id is the folder's name, and covers every byte that is copied. */
async function copy(folder: string, options: CopyOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const id = await copySnapshot(resolve(folder), basename(resolve(folder)), store)
  if (options.activate) await activateSnapshot(store, id, { time: Date.now(), by: 'publish' })
  print(options, { id, activated: options.activate === true }, [
    `${id} is here${options.activate ? ' and current' : ''}`,
  ])
}

async function activate(id: string, options: OutputOptions): Promise<void> {
  const store = shopFolders(options).snapshots
  const previous = await currentSnapshot(store)
  const found = await resolveSnapshotId(store, id)
  await verifySnapshot(snapshotFolder(store, found), found)
  await activateSnapshot(store, found, { time: Date.now(), by: 'hand' })
  print(options, { id: found, previous }, [`current is ${found}, before it ${previous ?? 'none'}`])
}
