/** Is this folder the snapshot it claims to be? Every byte is hashed; nothing of it is interpreted by native code. */
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'
import { checkContents } from './contents.ts'
import { CHUNK_BYTES, openPlainFile, readFully } from './files.ts'
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest, type Section } from './manifest.ts'
import { checkSignature, type SignaturePolicy } from './signature.ts'

export const MANIFEST_FILE = 'manifest.json'

export interface VerifiedManifest {
  id: SnapshotId
  manifest: Manifest
  /** By one of the trusted keys. */
  signed: boolean
}

/** Manifest, signature, and the SHA-256 of every file. Throws `snapshot_…`, naming the section or the manifest. */
export async function verifySnapshot(
  folder: string,
  expectedId: SnapshotId = basename(folder),
  policy: SignaturePolicy = {},
): Promise<VerifiedManifest> {
  const verified = await readManifest(folder, expectedId, policy)
  for (const section of verified.manifest.segments[0].sections) await readSection(folder, section)
  return verified
}

/** The manifest alone: the id is its SHA-256, the signature holds, and it lists what the format has. */
export async function readManifest(
  folder: string,
  expectedId: SnapshotId,
  policy: SignaturePolicy = {},
): Promise<VerifiedManifest> {
  const bytes = await readManifestBytes(folder)
  const id = createHash('sha256').update(bytes).digest('hex')
  if (id !== expectedId)
    throw new OfferwrightError('snapshot_corrupt', `snapshot manifest: SHA-256 ${id}, expected ${expectedId}`, {
      field: 'manifest',
      value: id,
    })
  const signed = await checkSignature(folder, bytes, policy)
  const manifest = parseManifest(bytes)
  checkContents(manifest)
  return { id, manifest, signed }
}

/** The exact bytes that the id and the signature cover. */
export async function readManifestBytes(folder: string): Promise<Uint8Array> {
  const file = await openPart(join(folder, MANIFEST_FILE), 'manifest')
  try {
    const { size } = await file.stat()
    if (size > MAX_MANIFEST_BYTES)
      throw new OfferwrightError(
        'snapshot_corrupt',
        `snapshot manifest: ${size} bytes, at most ${MAX_MANIFEST_BYTES}`,
        {
          field: 'manifest',
          value: size,
        },
      )
    const bytes = new Uint8Array(size)
    await readFully(file, bytes, 0)
    return bytes
  } finally {
    await file.close()
  }
}

/** Reads a section once, hashing it, `into` memory of its length where that is told. Throws unless length and hash agree. */
export async function readSection(folder: string, section: Section, into?: Uint8Array): Promise<void> {
  const file = await openPart(join(folder, section.file), section.name)
  try {
    const { size } = await file.stat()
    if (size !== section.bytes) throw corruptSection(section.name, `${size} bytes, expected ${section.bytes}`, size)
    const hash = createHash('sha256')
    const passing = new Uint8Array(into === undefined ? Math.min(CHUNK_BYTES, size) : 0)
    for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
      const end = Math.min(offset + CHUNK_BYTES, size)
      const chunk = into === undefined ? passing.subarray(0, end - offset) : into.subarray(offset, end)
      await readFully(file, chunk, offset)
      hash.update(chunk)
    }
    const sha256 = hash.digest('hex')
    if (sha256 !== section.sha256)
      throw corruptSection(section.name, `SHA-256 ${sha256}, expected ${section.sha256}`, sha256)
  } finally {
    await file.close()
  }
}

/** `snapshot_corrupt`, naming the section. */
export function corruptSection(section: string, message: string, value?: unknown): OfferwrightError {
  return new OfferwrightError('snapshot_corrupt', `section ${section}: ${message}`, { field: section, value })
}

async function openPart(path: string, part: string) {
  return openPlainFile(path).catch((error) => {
    if (error.code === 'ENOENT') throw corruptSection(part, `${basename(path)} is missing`)
    if (error.code === 'ELOOP') throw corruptSection(part, `${basename(path)} is a symbolic link`)
    if (error instanceof OfferwrightError) throw corruptSection(part, error.message)
    throw error
  })
}
