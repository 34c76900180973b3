import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from './tiny-shop.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const key = generateKeyPairSync('ed25519')

interface Ran {
  exitCode: number | string
  stdout: string
  stderr: string
}

function offerwright(home: string, ...words: string[]): Promise<Ran> {
  const argv = [MAIN, 'snapshot', ...words, '--home', home]
  return new Promise((done) => {
    execFile(process.execPath, argv, (error, stdout, stderr) => done({ exitCode: error?.code ?? 0, stdout, stderr }))
  })
}

async function shopWithTwo() {
  const home = await mkdtemp(join(tmpdir(), 'offerwright-home-'))
  const store = join(home, 'shops', 'default', 'snapshots')
  await mkdir(store, { recursive: true })
  const publication = { ...(await tinyPublication()), store }
  const first = await publishSnapshot({ ...publication, signingKey: key.privateKey })
  const second = await publishSnapshot({ ...publication, parent: first, epoch: 2 })
  return { home, store, first, second }
}

describe('offerwright snapshot', () => {
  test('lists, activates by the start of an id, and marks the current one', async () => {
    const { home, first, second } = await shopWithTwo()
    const activated = await offerwright(home, 'activate', second.slice(0, 12), '--json')
    expect(JSON.parse(activated.stdout)).toEqual({ id: second, previous: null })
    const listed = JSON.parse((await offerwright(home, 'list', '--json')).stdout)
    expect(listed).toMatchObject([
      { id: first, epoch: 1, current: false },
      { id: second, epoch: 2, current: true },
    ])
    expect((await offerwright(home, 'list')).stdout).toMatch(new RegExp(`^[*] ${second.slice(0, 12)}  epoch 2`, 'm'))
  })

  test('inspects sections, tensors and bytes per item', async () => {
    const { home, first } = await shopWithTwo()
    const { stdout } = await offerwright(home, 'inspect', first)
    expect(stdout).toMatch(/6 items, 3 shoppers, \d+ bytes: [\d.]+ per item, [\d.]+ per shopper/)
    expect(stdout).toContain('price_minor          I32 [6]')
  })

  test('verifies as a server does, with the signature when it is required', async () => {
    const { home, first, second } = await shopWithTwo()
    const pem = join(home, 'key.pem')
    await writeFile(pem, key.publicKey.export({ type: 'spki', format: 'pem' }))
    const strict = ['--public-key', pem, '--require-signature', '--json']
    expect(JSON.parse((await offerwright(home, 'verify', first, ...strict)).stdout)).toMatchObject({ signed: true })
    expect(await offerwright(home, 'verify', second, ...strict)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^error snapshot_signature: .*missing/),
    })
  })

  test('is copied from another store with its signature, byte by byte, and activated', async () => {
    const [from, to] = [await shopWithTwo(), await mkdtemp(join(tmpdir(), 'offerwright-home-'))]
    const copied = await offerwright(to, 'copy', join(from.store, from.first), '--activate', '--json')
    expect(JSON.parse(copied.stdout)).toEqual({ id: from.first, activated: true })
    const folder = join(to, 'shops', 'default', 'snapshots', from.first)
    for (const file of await readdir(join(from.store, from.first)))
      expect(await readFile(join(folder, file)), file).toEqual(await readFile(join(from.store, from.first, file)))
    await writeFile(join(from.store, from.second, 'prices.safetensors'), 'x')
    expect(await offerwright(to, 'copy', join(from.store, from.second))).toMatchObject({ exitCode: 2 })
    expect(JSON.parse((await offerwright(to, 'list', '--json')).stdout)).toMatchObject([
      { id: from.first, current: true },
    ])
  })

  test('pins, prunes, rolls back and tells the history', async () => {
    const { home, first, second } = await shopWithTwo()
    for (const id of [first, second]) await offerwright(home, 'activate', id)
    await offerwright(home, 'pin', first)
    expect((await offerwright(home, 'prune', '--parents', '0')).stdout).toContain(
      `${first.slice(0, 12)}  stays: pinned`,
    )
    const back = await offerwright(home, 'roll-back', '--reason', 'offers too deep', '--json')
    expect(JSON.parse(back.stdout)).toEqual({ from: second, to: first })
    expect((await offerwright(home, 'list')).stdout).toMatch(/rolled back: offers too deep/)
    expect((await offerwright(home, 'history')).stdout).toMatch(/roll-back +offers too deep$/m)
  })

  test('is signed again with a new key, which is then the only one trusted', async () => {
    const { home, first } = await shopWithTwo()
    const next = generateKeyPairSync('ed25519')
    await writeFile(join(home, 'new.pem'), next.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await writeFile(join(home, 'new.pub'), next.publicKey.export({ type: 'spki', format: 'pem' }))
    await writeFile(join(home, 'old.pub'), key.publicKey.export({ type: 'spki', format: 'pem' }))
    const trusted = (...names: string[]) => names.flatMap((name) => ['--public-key', join(home, name)])
    const verified = async (...names: string[]) =>
      (await offerwright(home, 'verify', first, '--require-signature', ...trusted(...names))).exitCode
    expect([await verified('old.pub', 'new.pub'), await verified('new.pub')]).toEqual([0, 2])
    await offerwright(home, 'sign', first, '--signing-key', join(home, 'new.pem'))
    expect([await verified('old.pub', 'new.pub'), await verified('new.pub'), await verified('old.pub')]).toEqual([
      0, 0, 2,
    ])
  })

  test('names the damaged section and does not activate it', async () => {
    const { home, store, first } = await shopWithTwo()
    await writeFile(join(store, first, 'prices.safetensors'), 'x')
    for (const command of ['verify', 'activate'])
      expect(await offerwright(home, command, first)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/^error snapshot_corrupt: section prices: 1 bytes, expected \d+/),
      })
    expect(await offerwright(home, 'inspect')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^error unknown_snapshot: no snapshot is active/),
    })
  })
})
