/** What the kernel and bench/kernel.c both do, over one set of made-up tables. */
import type { KernelExports } from '../core/native/kernel.ts'
import { NEIGHBOURS, neighbourRows, shopperRows, Tables } from './kernel-tables.ts'

export interface CCase {
  name: string
  /** Of one round. */
  calls: number
  /** Added up in one call. */
  nonZeros: number
  /** As bench/kernel.c reads it. */
  command: string
  /** A round in the kernel; nanoseconds. */
  run(): number
  /** Of what a first call finds, FNV-1a over the words. */
  digest(): number
}

type MakeCase = (kernel: KernelExports, memory: WebAssembly.Memory, items: number) => CCase

const HISTORY = 20
/** As many different histories in turn that their rows do not stay in a processor's nearest cache. */
const HISTORIES = 500
const BLOCK = 50

/** 20 rows of 100 neighbours each into the accumulator, and the accumulator made clean again. */
export const accumulateCase: MakeCase = (kernel, memory, items) => {
  const tables = new Tables(memory)
  const { indptr, indices, data } = neighbourRows(tables, items)
  const rows = tables.u32(HISTORIES * HISTORY, (i) => Math.floor(((i * 0.6180339887) % 1) * items))
  const weights = tables.f32(HISTORY, (i) => 1 / (1 + i))
  const [acc, touched] = [tables.f32(items, () => -0), tables.u32(items + 1, () => 0)]
  const calls = 2000
  const accumulate = (set: number) =>
    kernel.accumulateRows(
      rows.at + 4 * HISTORY * set,
      weights.at,
      HISTORY,
      indptr.at,
      indices.at,
      data.at,
      acc.at,
      touched.at,
      0,
    )
  return {
    name: `${HISTORY} rows × ${NEIGHBOURS} neighbours of ${items} items`,
    calls,
    nonZeros: HISTORY * Math.min(NEIGHBOURS, items),
    command: `accumulate ${[calls, HISTORIES, rows.at, weights.at, HISTORY, indptr.at, indices.at, data.at, acc.at, touched.at].join(' ')}`,
    run() {
      return nanosOf(calls, (call) => kernel.clearTouched(acc.at, touched.at, accumulate(call % HISTORIES)))
    },
    digest() {
      const n = accumulate(0)
      const bits = new Uint32Array(memory.buffer, acc.at, items)
      const words = [...touched.view.subarray(0, n)].flatMap((column) => [column, bits[column]])
      kernel.clearTouched(acc.at, touched.at, n)
      return digestOf(words)
    },
  }
}

/** Training's own loop: cosine neighbours of a block of items; 2,000 shoppers of 30 items each. */
export const similarityInC: MakeCase = (kernel, memory, items) => {
  const [shoppers, each, n, k] = [2000, 30, Math.min(items, 2000), NEIGHBOURS]
  const tables = new Tables(memory)
  const { rows, columns } = shopperRows(shoppers, each, n)
  const [r, c] = [tables.ones(rows), tables.ones(columns)]
  const norms = tables.f32(n, (i) => (columns[i].length === 0 ? 0 : 1 / Math.sqrt(columns[i].length)))
  const [acc, touched] = [tables.f32(n, () => -0), tables.u32(n + 1, () => 0)]
  const [indices, data, counts] = [
    tables.u32(BLOCK * k, () => 0),
    tables.f32(BLOCK * k, () => 0),
    tables.u32(BLOCK, () => 0),
  ]
  const csr = [r.indptr.at, r.indices.at, r.data.at, c.indptr.at, c.indices.at, c.data.at] as const
  const rest = [norms.at, 0, BLOCK, k, acc.at, touched.at, indices.at, data.at, counts.at] as const
  const similarity = () => kernel.similarityBlock(...csr, ...rest)
  const calls = 20
  return {
    name: `similarity of ${BLOCK} items, ${shoppers} shoppers × ${each}`,
    calls,
    nonZeros: columns.slice(0, BLOCK).reduce((sum, of) => sum + of.length * each, 0),
    command: `similarity ${[calls, ...csr, ...rest].join(' ')}`,
    run() {
      return nanosOf(calls, similarity)
    },
    digest() {
      similarity()
      const bits = new Uint32Array(memory.buffer, data.at, BLOCK * k)
      const kept = [...counts.view].flatMap((count, t) => Array.from({ length: count }, (_, i) => t * k + i))
      return digestOf(kept.flatMap((at) => [indices.view[at], bits[at]]))
    },
  }
}

function nanosOf(calls: number, call: (number: number) => void): number {
  const start = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) call(i)
  return Number(process.hrtime.bigint() - start)
}

const digestOf = (words: number[]) =>
  words.reduce((digest, word) => Math.imul(digest ^ word, 16777619) >>> 0, 2166136261)
