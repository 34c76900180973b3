import { generateKeyPairSync } from 'node:crypto'
import { readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SignaturePolicy } from '../../core/snapshot/signature.ts'
import { verifySnapshot } from '../../core/snapshot/verify.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from './tiny-shop.ts'

const ours = generateKeyPairSync('ed25519')
const theirs = generateKeyPairSync('ed25519')

async function published(signingKey?: typeof ours.privateKey) {
  const publication = await tinyPublication()
  const id = await publishSnapshot({ ...publication, signingKey })
  const folder = join(publication.store, id)
  const verify = (policy: SignaturePolicy) => verifySnapshot(folder, id, policy)
  return { publication, id, signature: join(folder, 'manifest.json.sig'), verify }
}

const required = { publicKeys: [theirs.publicKey, ours.publicKey], requireSignature: true }
const refusal = { code: 'snapshot_signature', field: 'manifest.json.sig' }

test('a signature by any trusted key is accepted and told', async () => {
  const { verify } = await published(ours.privateKey)
  expect((await verify(required)).signed).toBe(true)
  expect((await verify({ publicKeys: [ours.publicKey] })).signed).toBe(true)
  expect((await verify({})).signed).toBe(false)
})

test('a missing signature is refused only when one is required', async () => {
  const { verify } = await published()
  expect((await verify({ publicKeys: [ours.publicKey] })).signed).toBe(false)
  await expect(verify(required)).rejects.toMatchObject(refusal)
})

test('a stranger’s signature is refused even when none is required', async () => {
  const { verify } = await published(theirs.privateKey)
  await expect(verify({ publicKeys: [ours.publicKey] })).rejects.toMatchObject(refusal)
})

test('requiring a signature without a key to check it is refused', async () => {
  const { verify } = await published(ours.privateKey)
  await expect(verify({ requireSignature: true })).rejects.toMatchObject(refusal)
})

test('any changed character of the signature is refused', async () => {
  const { verify, signature } = await published(ours.privateKey)
  const bytes = await readFile(signature)
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at] ^= 1
    await writeFile(signature, damaged)
    await expect(verify(required), `character ${at}`).rejects.toMatchObject(refusal)
  }
})

test('a signature for one snapshot does not fit another', async () => {
  const { publication, verify, signature } = await published(ours.privateKey)
  const other = await publishSnapshot({ ...publication, epoch: 2, signingKey: ours.privateKey })
  await writeFile(signature, await readFile(join(publication.store, other, 'manifest.json.sig')))
  await expect(verify(required)).rejects.toMatchObject(refusal)
})

test('publishing again with a key signs what was published without one, under the same id', async () => {
  const { publication, id, verify, signature } = await published(ours.privateKey)
  await unlink(signature)
  expect(await publishSnapshot({ ...publication, signingKey: ours.privateKey })).toBe(id)
  expect((await verify(required)).signed).toBe(true)
})
