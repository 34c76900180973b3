/** Rows and vectors by NumPy and an index by Python's hnswlib, which pip compiles in a minute. */
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currentSnapshot } from '../../core/snapshot/store.ts'
import {
  type PythonSection,
  publishOutside,
  pythonEnvironment,
  rankedByNumpy,
  servedFor,
  spoilt,
  trainInPython,
} from '../support/python-trainer.ts'
import { serveShop, type TrainedShop, trainShop } from '../support/trained-shop.ts'

/** More than the server compares one by one, so that it asks the index. */
const ITEMS = 5000
const ALL: PythonSection[] = ['similarity', 'vectors', 'index']
const environment = await pythonEnvironment()

describe.skipIf(environment === null)('vectors by NumPy and an index by Python', () => {
  const python = environment!
  let shop: TrainedShop
  let trained: string
  beforeAll(async () => {
    shop = await trainShop(ITEMS, 40_000)
    trained = await trainInPython(python, shop)
  })
  afterAll(async () => {
    await shop.remove()
    await python.remove()
  })

  // Few neighbours: the rows reach too few items, and the index fills up; it is asked for more than it has, so that it is exact.
  test.each([
    ['the rows alone', []],
    ['rows and the nearest of the index', ['--neighbours', '2', '--ef-search', `${ITEMS}`]],
  ])('answer as NumPy ranks, by %s', async (_, options) => {
    const from = await trainInPython(python, shop, ...options)
    expect(await publishOutside(shop, from, ALL)).toMatchObject({ code: 0 })
    const cases = await rankedByNumpy(python, shop, from)
    const server = await serveShop(shop)
    expect(await servedFor(server, cases)).toEqual(cases)
    await server.close()
  })

  test.each<[string, PythonSection[], string]>([
    ['infinite_vector', ALL, 'section vectors: invalid vectors.items[0]: Infinity'],
    ['short_index', ALL, `section index: invalid elements: ${ITEMS - 1}, expected ${ITEMS}`],
    ['foreign_index', ALL, 'section index: invalid vector of item'],
    ['shifted_labels', ALL, 'section index: invalid vector of item 1'],
    ['deleted_mark', ALL, 'section index: invalid deleted mark'],
    ['unsorted', ['vectors'], 'section index: invalid vector of item'],
    ['unsorted', ['index'], 'section index: invalid vector of item'],
  ])('are refused when %s with %j, and the old snapshot serves on', async (how, sections, named) => {
    const server = await serveShop(shop)
    const before = await readdir(shop.folders.snapshots)
    const serving = await currentSnapshot(shop.folders.snapshots)
    const from = await spoilt(python, trained, how)
    const { code, stderr } = await publishOutside(shop, from, sections)
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(named) })
    expect(await readdir(shop.folders.snapshots)).toEqual(before)
    expect((await server.call('GET', '/readyz')).body.snapshot).toBe(serving)
    await server.close()
  })
})
