import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AnnIndex } from '../../core/native/ann.ts'
import { temporaryFolder } from './small-shop.ts'

const N = 500
const DIM = 8
const PARAMETERS = { m: 16, efConstruction: 100, seed: 7 }

/** Points on the sphere, without a generator to seed. */
const vectors = new Float32Array(N * DIM)
for (let i = 0; i < N; i++) {
  const raw = Array.from({ length: DIM }, (_, d) => Math.sin((i + 1) * (d + 1.7) * 12.9898))
  vectors.set(
    raw.map((x) => x / Math.hypot(...raw)),
    i * DIM,
  )
}

function bruteForce(query: Float32Array, k: number): number[] {
  const inner = (i: number) => query.reduce((sum, x, d) => sum + x * vectors[i * DIM + d], 0)
  return Array.from({ length: N }, (_, i) => i)
    .sort((a, b) => inner(b) - inner(a))
    .slice(0, k)
}

test('finds almost all true neighbours, nearest first, by 1 − inner product', async () => {
  const file = join(await temporaryFolder(), 'items.hnsw')
  AnnIndex.build(vectors, DIM, PARAMETERS).write(file)
  const index = AnnIndex.open(file, DIM, 64)
  expect(index.size).toBe(N)
  let found = 0
  for (let i = 0; i < 50; i++) {
    const query = vectors.subarray(i * DIM, (i + 1) * DIM)
    const { items, distances } = index.search(query, 10)
    expect(items[0]).toBe(i)
    expect(distances[0]).toBeCloseTo(0, 5)
    expect(distances).toEqual(distances.toSorted((a, b) => a - b))
    const truth = new Set(bruteForce(query, 10))
    found += items.filter((item) => truth.has(item)).length
  }
  expect(found / 500).toBeGreaterThan(0.95)
})

test('writes the same bytes for the same vectors and seed', async () => {
  const folder = await temporaryFolder()
  const bytes = async (name: string, seed: number) => {
    AnnIndex.build(vectors, DIM, { ...PARAMETERS, seed }).write(join(folder, name))
    return readFile(join(folder, name))
  }
  const first = await bytes('first', 7)
  expect((await bytes('second', 7)).equals(first)).toBe(true)
  expect((await bytes('third', 8)).equals(first)).toBe(false)
})

test('answers all items where fewer exist than are asked for', () => {
  const index = AnnIndex.build(vectors.subarray(0, 3 * DIM), DIM, PARAMETERS)
  expect(index.search(vectors.subarray(0, DIM), 10).items.toSorted()).toEqual([0, 1, 2])
})
