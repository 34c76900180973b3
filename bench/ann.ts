/**
 * What the vector index misses, and what finding more costs: recall@10 and latency at several sizes of the candidate list, the graph
 * built as training builds it. Asked by tastes: the mean of the vectors of 20 items that go together. Brute force over all vectors
 * is the oracle: a neighbour counts as found by what its inner product is, so ties are no misses.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ColumnLayout, table } from '../cli/table.ts'
import { AnnIndex } from '../core/native/ann.ts'
import { TRAINING_DEFAULTS } from '../training/parameters.ts'
import { Random } from './random.ts'
import { HISTORY, VECTOR_DIM, vectorTable } from './shop/tables.ts'
import { Taste } from './shop/taste.ts'
import { median, quantile } from './statistics.ts'

export interface AnnBench {
  items: number
  queries: number
  rounds: number
  seed: number
}

export interface AnnRow {
  efSearch: number
  recallAt10: number
  /** Median over rounds. */
  p50Micros: number
  p99Micros: number
}

export interface AnnReport {
  bench: 'index'
  items: number
  dim: number
  buildSeconds: number
  bruteForceMicros: number
  rows: AnnRow[]
}

const K = 10
const EF_SEARCH = [10, 16, 32, 64, 128, 256]
/** Inner products of unit vectors, summed in another order. */
const ROUNDING = 1e-5

export async function benchAnn(
  { items, queries, rounds, seed }: AnnBench,
  say: (line: string) => void,
): Promise<AnnReport> {
  const random = new Random(seed)
  const taste = new Taste(items, random)
  const vectors = vectorTable(items, VECTOR_DIM, taste, random)
  const asked = Array.from({ length: queries }, () => tasteVector(vectors, taste, random))
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-bench-index-'))
  try {
    const file = join(folder, 'index')
    say(`building the graph of ${items} vectors`)
    const startedAt = performance.now()
    AnnIndex.build(vectors, VECTOR_DIM, { ...TRAINING_DEFAULTS.index, seed }).write(file)
    const buildSeconds = (performance.now() - startedAt) / 1000
    say('finding the true neighbours')
    const bruteFrom = performance.now()
    const worst = asked.map((query) => tenthBest(vectors, query))
    const bruteForceMicros = (1000 * (performance.now() - bruteFrom)) / queries
    const rows = EF_SEARCH.map((efSearch) =>
      rowOf(AnnIndex.open(file, VECTOR_DIM, efSearch), efSearch, asked, worst, rounds),
    )
    return { bench: 'index', items, dim: VECTOR_DIM, buildSeconds, bruteForceMicros, rows }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function tasteVector(vectors: Float32Array, taste: Taste, random: Random): Float32Array {
  const query = new Float32Array(VECTOR_DIM)
  const group = random.below(taste.nGroups)
  for (let i = 0; i < HISTORY; i++) {
    const at = taste.itemNear(group) * VECTOR_DIM
    for (let d = 0; d < VECTOR_DIM; d++) query[d] += vectors[at + d]
  }
  const length = Math.hypot(...query)
  return query.map((value) => value / length)
}

/** Inner product of the tenth of the true nearest. */
function tenthBest(vectors: Float32Array, query: Float32Array): number {
  const products = new Float64Array(vectors.length / VECTOR_DIM)
  for (let item = 0; item < products.length; item++)
    for (let d = 0; d < VECTOR_DIM; d++) products[item] += query[d] * vectors[item * VECTOR_DIM + d]
  products.sort()
  return products[Math.max(0, products.length - K)]
}

function rowOf(index: AnnIndex, efSearch: number, asked: Float32Array[], worst: number[], rounds: number): AnnRow {
  let found = 0
  for (const [q, query] of asked.entries())
    found += index.search(query, K).distances.filter((distance) => 1 - distance >= worst[q] - ROUNDING).length
  const [p50, p99]: number[][] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const micros = asked.map((query) => {
      const from = performance.now()
      index.search(query, K)
      return 1000 * (performance.now() - from)
    })
    p50.push(median(micros))
    p99.push(quantile(micros, 0.99))
  }
  const wanted = asked.length * Math.min(K, index.size)
  return { efSearch, recallAt10: found / wanted, p50Micros: median(p50), p99Micros: median(p99) }
}

const COLUMNS: ColumnLayout[] = ['efSearch', 'recall@10', 'p50 µs', 'p99 µs'].map((title) => ({
  title,
  align: 'right',
}))

export function renderAnn({ items, dim, buildSeconds, bruteForceMicros, rows }: AnnReport): string {
  const cells = rows.map(({ efSearch, recallAt10, p50Micros, p99Micros }) => [
    String(efSearch),
    recallAt10.toFixed(4),
    p50Micros.toFixed(1),
    p99Micros.toFixed(1),
  ])
  return [
    `index: ${items.toLocaleString('en')} vectors of ${dim} dimensions, built in ${buildSeconds.toFixed(1)} s; ` +
      `brute force in JavaScript ${bruteForceMicros.toFixed(0)} µs a query`,
    ...table(COLUMNS, cells),
  ].join('\n')
}
