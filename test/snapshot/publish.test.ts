import { fork } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { activateSnapshot, currentSnapshot, listSnapshots } from '../../core/snapshot/store.ts'
import { verifySnapshot } from '../../core/snapshot/verify.ts'
import { type Publication, publishSnapshot } from '../../core/snapshot/write.ts'
import { tensor, tinyPublication, tinySections } from './tiny-shop.ts'

const BY_HAND = { time: 0, by: 'hand' } as const
const PUBLISHER = new URL('./publisher-child.js', import.meta.url)

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder)
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name), 'base64')))
  return Object.fromEntries(names.map((name, i) => [name, contents[i]]))
}

describe('publishing', () => {
  test('equal content gives an equal id and equal bytes, in any folder and order of keys', async () => {
    const [one, two] = [await tinyPublication(), await tinyPublication()]
    const { basket, ...model } = two.model
    const [first, second] = [
      await publishSnapshot(one),
      await publishSnapshot({ ...two, sections: two.sections.toReversed(), model: { basket, ...model } }),
    ]
    expect(second).toBe(first)
    expect(await bytesOf(join(two.store, second))).toEqual(await bytesOf(join(one.store, first)))
  })

  test('is readable by whoever may read the store, such as a server under another user', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    const modeOf = async (path: string) => (await stat(path)).mode
    expect(await modeOf(join(publication.store, id))).toBe(await modeOf(publication.store))
  })

  test('another watermark gives another id', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    expect(await publishSnapshot({ ...publication, watermark: publication.watermark + 1 })).not.toBe(id)
  })

  test('the same content twice leaves one snapshot and no temporary folder', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    expect(await publishSnapshot(publication)).toBe(id)
    expect(await readdir(publication.store)).toEqual([id])
  })

  test('content that is there but damaged is refused, not taken for published', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    await writeFile(join(publication.store, id, 'prices.safetensors'), 'damaged')
    await expect(publishSnapshot(publication)).rejects.toMatchObject({ code: 'snapshot_corrupt', field: 'prices' })
  })

  test('does not move CURRENT; activation does, and only to what is published', async () => {
    const publication = await tinyPublication()
    const first = await publishSnapshot(publication)
    expect(await currentSnapshot(publication.store)).toBeNull()
    await activateSnapshot(publication.store, first, BY_HAND)
    const second = await publishSnapshot({ ...publication, parent: first, epoch: 2 })
    expect(await currentSnapshot(publication.store)).toBe(first)
    await activateSnapshot(publication.store, second, BY_HAND)
    expect(await readFile(join(publication.store, 'CURRENT'), 'utf8')).toBe(`${second}\n`)
    for (const id of ['0'.repeat(64), '../../etc', ''])
      await expect(activateSnapshot(publication.store, id, BY_HAND)).rejects.toMatchObject({ code: 'unknown_snapshot' })
    expect(await currentSnapshot(publication.store)).toBe(second)
  })

  test('a CURRENT with any byte changed points nowhere or to nothing published', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    await activateSnapshot(publication.store, id, BY_HAND)
    const pointer = await readFile(join(publication.store, 'CURRENT'))
    for (let at = 0; at < pointer.length; at++) {
      const damaged = Buffer.from(pointer)
      damaged[at] ^= 1
      await writeFile(join(publication.store, 'CURRENT'), damaged)
      const opening = currentSnapshot(publication.store).then((current) => {
        return verifySnapshot(join(publication.store, `${current}`), `${current}`)
      })
      await expect(opening).rejects.toMatchObject({ code: 'snapshot_corrupt' })
    }
  })

  test('lists epochs in order, the current one, and a damaged one with its fault', async () => {
    const publication = await tinyPublication()
    const second = await publishSnapshot({ ...publication, epoch: 2 })
    const first = await publishSnapshot(publication)
    const third = await publishSnapshot({ ...publication, epoch: 3 })
    await activateSnapshot(publication.store, first, BY_HAND)
    await writeFile(join(publication.store, second, 'manifest.json'), '{}')
    const listed = await listSnapshots(publication.store)
    expect(listed.map(({ id }) => id)).toEqual([second, first, third])
    expect(listed.map(({ current }) => current)).toEqual([false, true, false])
    expect(listed[0]).toMatchObject({ fault: { code: 'snapshot_corrupt', field: 'manifest' } })
    expect(listed[1]).toMatchObject({ epoch: 1, items: 6, shoppers: 3 })
  })

  test('a table that does not fit the shop is refused before anything is published', async () => {
    const sections = tinySections()
    sections.prices.elasticity = tensor('F32', [-1, -1])
    const publication = await tinyPublication(sections)
    await expect(publishSnapshot(publication)).rejects.toMatchObject({ code: 'snapshot_corrupt', field: 'prices' })
    expect(await readdir(publication.store)).toEqual([])
  })

  test('what a server would refuse to open is not published, whatever its hashes', async () => {
    const sections = tinySections()
    sections.similarity.data.data[0] = Number.NaN
    const publication = await tinyPublication(sections)
    await expect(publishSnapshot(publication)).rejects.toMatchObject({ code: 'snapshot_corrupt', field: 'similarity' })
    expect(await readdir(publication.store)).toEqual([])
  })
})

function publishInChild(publication: Publication) {
  return fork(PUBLISHER, [JSON.stringify(publication)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

describe('processes', () => {
  test('several that publish the same at once agree on one sound snapshot', async () => {
    const publication = await tinyPublication()
    const children = Array.from({ length: 3 }, () => publishInChild(publication))
    const ids = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]))
    expect(new Set(ids).size).toBe(1)
    expect(await readdir(publication.store)).toEqual([ids[0]])
    await openSnapshot(join(publication.store, ids[0]), { expectedId: ids[0], reserveBytes: () => 0 })
  })

  test('one that is killed leaves CURRENT and every snapshot sound, and its rest is removed when old', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    await activateSnapshot(publication.store, id, BY_HAND)
    for (let kill = 0; kill < 5; kill++) await killWhilePublishing({ ...publication, epoch: 2 + kill })
    expect(await currentSnapshot(publication.store)).toBe(id)
    for (const listed of await listSnapshots(publication.store))
      await verifySnapshot(join(publication.store, listed.id), listed.id)
    for (const name of await readdir(publication.store))
      if (name.startsWith('tmp-')) await utimes(join(publication.store, name), 0, 0)
    await publishSnapshot({ ...publication, epoch: 100 })
    expect((await readdir(publication.store)).filter((name) => name.startsWith('tmp-'))).toEqual([])
  })

  test('a recent temporary folder is another process at work and stays', async () => {
    const publication = await tinyPublication()
    await mkdir(join(publication.store, 'tmp-other'), { recursive: true })
    const id = await publishSnapshot(publication)
    expect((await readdir(publication.store)).sort()).toEqual([id, 'tmp-other'].sort())
  })
})

/** Kills as soon as the child's temporary folder appears in the store. */
async function killWhilePublishing(publication: Publication): Promise<void> {
  const changes = watch(publication.store)
  const child = publishInChild(publication)
  const exited = once(child, 'exit')
  await once(changes, 'change')
  child.kill('SIGKILL')
  await exited
  changes.close()
}
