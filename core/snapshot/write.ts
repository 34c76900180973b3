/**
 * Publishing: a snapshot is built in a temporary folder, synced, opened as a server opens it, and renamed to its id;
 * nothing edits it afterwards.
 * A process that dies on the way leaves a `tmp-…` folder that nobody reads and a later publish removes.
 */
import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotId } from '../contract/ids.ts'
import { checkContents } from './contents.ts'
import { CHUNK_BYTES, openPlainFile, readFully, syncFolder, writeDurably, writeFully } from './files.ts'
import { FORMAT_VERSION, INDEX_SECTION, SECTIONS, type SectionName } from './layout.ts'
import { type Manifest, renderManifest, type Section } from './manifest.ts'
import { openSnapshot } from './open.ts'
import { readSafetensorsHeader } from './safetensors.ts'
import { SIGNATURE_FILE, writeSignature } from './signature.ts'
import { MANIFEST_FILE, readManifest, readManifestBytes, verifySnapshot } from './verify.ts'

export const TEMPORARY = 'tmp-'
const ABANDONED_AFTER_MS = 3_600_000

export interface SectionSource {
  name: SectionName
  /** Path of the finished section file; it is copied. */
  file: string
  format: Section['format']
}

export interface Publication extends Omit<Manifest, 'format' | 'segments'> {
  /** Folder of the shop's snapshots. */
  store: string
  items: number
  shoppers: number
  sections: SectionSource[]
  /** Ed25519 private key. */
  signingKey?: KeyObject
}

/** Equal content has an equal id; publishing it again verifies what is there. `CURRENT` does not move. */
export async function publishSnapshot(publication: Publication): Promise<SnapshotId> {
  const { store, signingKey } = publication
  return buildInStore(store, async (temporary) => {
    const sections = await copySections(publication.sections, temporary)
    const manifest = manifestOf(publication, sections)
    checkContents(manifest)
    const bytes = renderManifest(manifest)
    await writeDurably(join(temporary, MANIFEST_FILE), (file) => writeFully(file, bytes, 0))
    if (signingKey) await writeSignature(temporary, bytes, signingKey)
    return { id: createHash('sha256').update(bytes).digest('hex'), signingKey }
  })
}

/**
 * Takes a snapshot over from another store, such as one of another machine, byte by byte and with its signature; it is opened as a
 * server opens it before it appears. `CURRENT` does not move. Throws what `openSnapshot` throws.
 */
export async function copySnapshot(from: string, id: SnapshotId, store: string): Promise<SnapshotId> {
  const { manifest } = await readManifest(from, id)
  return buildInStore(store, async (temporary) => {
    for (const { file } of manifest.segments[0].sections) await copyHashed(join(from, file), join(temporary, file))
    if (existsSync(join(from, SIGNATURE_FILE)))
      await copyHashed(join(from, SIGNATURE_FILE), join(temporary, SIGNATURE_FILE))
    await copyHashed(join(from, MANIFEST_FILE), join(temporary, MANIFEST_FILE))
    await syncFolder(temporary)
    return { id }
  })
}

interface Built {
  id: SnapshotId
  signingKey?: KeyObject
}

/** `build` writes all files of a snapshot, synced, into a temporary folder, which then takes its place if it opens. */
async function buildInStore(store: string, build: (temporary: string) => Promise<Built>): Promise<SnapshotId> {
  await mkdir(store, { recursive: true })
  const temporary = join(store, `${TEMPORARY}${randomBytes(6).toString('hex')}`)
  await mkdir(temporary)
  try {
    await removeAbandoned(store, temporary)
    const { id, signingKey } = await build(temporary)
    await openSnapshot(temporary, { expectedId: id, reserveBytes: () => 0 })
    await moveIntoPlace(temporary, store, id, signingKey)
    return id
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

function manifestOf(p: Publication, sections: Section[]): Manifest {
  return {
    format: FORMAT_VERSION,
    shop: p.shop,
    currency: p.currency,
    parent: p.parent,
    epoch: p.epoch,
    watermark: p.watermark,
    seed: p.seed,
    segments: [{ items: p.items, shoppers: p.shoppers, sections }],
    model: p.model,
    metrics: p.metrics,
    quality: p.quality,
  }
}

async function copySections(sources: SectionSource[], folder: string): Promise<Section[]> {
  const sections: Section[] = []
  const inOrder = sources.toSorted((a, b) => SECTIONS.indexOf(a.name) - SECTIONS.indexOf(b.name))
  for (const source of inOrder) sections.push(await copySection(source, folder))
  return sections
}

async function copySection({ name, file, format }: SectionSource, folder: string): Promise<Section> {
  const target = name === INDEX_SECTION ? 'items.hnsw' : `${name}.safetensors`
  const { bytes, sha256 } = await copyHashed(file, join(folder, target))
  const tensors = format === 'hnsw' ? [] : await tensorsOf(join(folder, target), name)
  return { name, file: target, format, bytes, sha256, tensors }
}

async function tensorsOf(path: string, section: string): Promise<Section['tensors']> {
  const { tensors } = await readSafetensorsHeader(path, section)
  return [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
}

/** The hash is of the very bytes that were written, whatever happens to the source meanwhile. */
async function copyHashed(from: string, to: string): Promise<{ bytes: number; sha256: string }> {
  const source = await openPlainFile(from)
  const target = await open(to, 'wx')
  try {
    const { size } = await source.stat()
    const hash = createHash('sha256')
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size))
    for (let offset = 0; offset < size; offset += buffer.length) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, size - offset))
      await readFully(source, chunk, offset)
      hash.update(chunk)
      await writeFully(target, chunk, offset)
    }
    await target.sync()
    return { bytes: size, sha256: hash.digest('hex') }
  } finally {
    await source.close()
    await target.close()
  }
}

async function moveIntoPlace(temporary: string, store: string, id: SnapshotId, signingKey?: KeyObject): Promise<void> {
  const folder = join(store, id)
  try {
    await rename(temporary, folder)
  } catch (error) {
    if (!isTaken(error)) throw error
    const { signed } = await verifySnapshot(folder, id)
    if (signingKey && !signed) await writeSignature(folder, await readManifestBytes(folder), signingKey)
  }
  await syncFolder(store)
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
}

/** Age is counted on the file system's own clock, by the folder just made. */
async function removeAbandoned(store: string, newest: string): Promise<void> {
  const now = (await stat(newest)).mtimeMs
  for (const name of await readdir(store)) {
    const path = join(store, name)
    if (!name.startsWith(TEMPORARY) || path === newest) continue
    const found = await stat(path).catch(() => null)
    if (found && now - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true })
  }
}
