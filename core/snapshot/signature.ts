/**
 * Ed25519 signature of a snapshot, in `manifest.json.sig`: base64 over the manifest's exact bytes.
 *
 * It is detached on purpose. The id is the SHA-256 of the manifest's bytes, so a signature inside would have to be
 * cut out again before hashing or checking, and both sides would have to agree on how JSON is written. Beside it,
 * signer and verifier read the same bytes, and signing an already published snapshot does not change its id.
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OfferwrightError } from '../contract/errors.ts'
import { writeDurably, writeFully } from './files.ts'

export const SIGNATURE_FILE = 'manifest.json.sig'

export interface SignaturePolicy {
  /** Ed25519 keys, any of which may have signed. */
  publicKeys?: KeyObject[]
  /** Refuse a snapshot without a signature. One that is there is always checked against the keys, if any are given. */
  requireSignature?: boolean
}

export async function writeSignature(folder: string, manifest: Uint8Array, key: KeyObject): Promise<void> {
  const text = `${sign(null, manifest, key).toString('base64')}\n`
  await writeDurably(join(folder, SIGNATURE_FILE), (file) => writeFully(file, Buffer.from(text), 0))
}

/** Whether it is signed by one of the keys. Throws `snapshot_signature`. */
export async function checkSignature(folder: string, manifest: Uint8Array, policy: SignaturePolicy): Promise<boolean> {
  const keys = policy.publicKeys ?? []
  if (policy.requireSignature && keys.length === 0) throw refused('a signature is required, but no public key is given')
  const signature = await readSignature(folder)
  if (signature === null) {
    if (policy.requireSignature) throw refused(`${SIGNATURE_FILE} is missing`)
    return false
  }
  if (keys.length === 0) return false
  if (!keys.some((key) => verify(null, manifest, key, signature)))
    throw refused(`${SIGNATURE_FILE} is not by any of the ${keys.length} trusted keys`)
  return true
}

async function readSignature(folder: string): Promise<Buffer | null> {
  const text = await readFile(join(folder, SIGNATURE_FILE), 'latin1').catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const signature = Buffer.from(text, 'base64')
  if (signature.length !== 64 || `${signature.toString('base64')}\n` !== text)
    throw refused(`${SIGNATURE_FILE} is not the base64 of 64 bytes and a line end`)
  return signature
}

function refused(message: string): OfferwrightError {
  return new OfferwrightError('snapshot_signature', `snapshot signature: ${message}`, { field: SIGNATURE_FILE })
}
