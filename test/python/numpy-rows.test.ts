/** Rows by NumPy and the safetensors package, the rest trained here. With vectors and an index too: test/long. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currentSnapshot, snapshotFolder } from '../../core/snapshot/store.ts'
import {
  publishOutside,
  pythonEnvironment,
  rankedByNumpy,
  servedFor,
  spoilt,
  trainInPython,
} from '../support/python-trainer.ts'
import { serveShop, type TestServer, type TrainedShop, trainShop } from '../support/trained-shop.ts'

const environment = await pythonEnvironment(['hnswlib'])

describe.skipIf(environment === null)('item-item rows that NumPy learned', () => {
  const python = environment!
  let shop: TrainedShop
  let rows: string
  let server: TestServer
  beforeAll(async () => {
    shop = await trainShop()
    rows = await trainInPython(python, shop, '--rows-only')
    expect(await publishOutside(shop, rows, ['similarity'])).toMatchObject({ code: 0 })
    server = await serveShop(shop)
  })
  afterAll(async () => {
    await server.close()
    await shop.remove()
    await python.remove()
  })

  test('are served as NumPy itself ranks them, to known and to anonymous shoppers', async () => {
    const cases = await rankedByNumpy(python, shop, rows)
    expect(cases.length).toBeGreaterThan(50)
    expect(await servedFor(server, cases)).toEqual(cases)
  })

  test('stand in the manifest as made outside', async () => {
    const id = await currentSnapshot(shop.folders.snapshots)
    const manifest = await readFile(join(snapshotFolder(shop.folders.snapshots, id!), 'manifest.json'), 'utf8')
    const { metrics } = JSON.parse(manifest)
    expect(metrics).toMatchObject({ 'outside.similarity': 1, 'outside.interactions': expect.any(Number) })
    expect(Object.keys(metrics).filter((name) => name.startsWith('similarity.'))).toEqual([])
  })

  test.each([
    ['not_a_number', 'similarity.data[5]: NaN'],
    ['unsorted', 'similarity.indices[1]'],
    ['wide', 'tensor data is F64, expected F32'],
    ['cut_file', 'similarity: tensors end at byte'],
  ])('are refused by their section when %s, and the old snapshot serves on', async (how, named) => {
    const before = await readdir(shop.folders.snapshots)
    const serving = await currentSnapshot(shop.folders.snapshots)
    const { code, stderr } = await publishOutside(shop, await spoilt(python, rows, how), ['similarity'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error snapshot_corrupt: .*\(similarity.*\)\n$/m)
    expect(stderr).toContain(named)
    expect(await readdir(shop.folders.snapshots)).toEqual(before)
    expect(await currentSnapshot(shop.folders.snapshots)).toBe(serving)
    expect((await server.call('GET', '/readyz')).body.snapshot).toBe(serving)
  })
})
