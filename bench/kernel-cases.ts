/** Each piece of kernel work beside its plain JavaScript form, over one set of made-up tables. */
import type { KernelExports } from '../core/native/kernel.ts'
import { NEIGHBOURS, neighbourRows, shopperRows, Tables } from './kernel-tables.ts'

export interface KernelCase {
  name: string
  kernelCalls: number
  plainCalls: number
  /** Both give the answer as numbers, in the same layout. */
  kernel(): number[]
  plain(): number[]
}

type MakeCase = (kernel: KernelExports, memory: WebAssembly.Memory, items: number) => KernelCase

const HISTORY = 20
const SLOTS = 50
const DIM = 64
const ACTIONS = 64

/** 20 history rows of 100 neighbours each, summed with a bias, and the 50 best of all items. */
export const historyCase: MakeCase = (kernel, memory, items) => {
  const tables = new Tables(memory)
  const { indptr, indices, data } = neighbourRows(tables, items)
  const bias = tables.f32(items, (i) => ((i * 7919) % items) / items / 100)
  const order = tables.u32(items, (i) => i)
  order.view.sort((a, b) => bias.view[b] - bias.view[a] || a - b)
  const rows = tables.u32(HISTORY, (i) => Math.floor((i * items) / HISTORY))
  const weights = tables.f32(HISTORY, (i) => 1 / (1 + i))
  const [acc, touched] = [tables.f32(items, () => -0), tables.u32(items + 1, () => 0)]
  const [index, score] = [tables.u32(SLOTS, () => 0), tables.f32(SLOTS, () => 0)]
  const tiers = tables.u32(kernel.TIER_WORDS.value, () => 0)
  return {
    name: `${HISTORY} rows × ${NEIGHBOURS} neighbours and top ${SLOTS} of ${items} items`,
    kernelCalls: 500,
    plainCalls: 20,
    kernel() {
      const csr = [indptr.at, indices.at, data.at] as const
      const n = kernel.accumulateRows(rows.at, weights.at, HISTORY, ...csr, acc.at, touched.at, 0)
      const list = [acc.at, bias.at, touched.at, n, order.at, items] as const
      const kept = kernel.topK(...list, rows.at, HISTORY, 0, 0, items, SLOTS, 2 * SLOTS, tiers.at, index.at, score.at)
      kernel.clearTouched(acc.at, touched.at, n)
      return [...index.view.subarray(0, kept), ...score.view.subarray(0, kept)]
    },
    plain() {
      const sums = new Map<number, number>()
      rows.view.forEach((row, r) => {
        for (let p = indptr.view[row]; p < indptr.view[row + 1]; p++) {
          const column = indices.view[p]
          sums.set(column, (sums.get(column) ?? 0) + weights.view[r] * data.view[p])
        }
      })
      const excluded = new Set(rows.view)
      const rest: number[] = []
      for (let o = 0; o < items && rest.length < SLOTS; o++)
        if (!sums.has(order.view[o]) && !excluded.has(order.view[o])) rest.push(order.view[o])
      const best = [...sums.keys(), ...rest]
        .filter((item) => !excluded.has(item))
        .map((item) => ({ item, score: bias.view[item] + (sums.get(item) ?? 0) }))
        .sort((a, b) => b.score - a.score || a.item - b.item)
        .slice(0, SLOTS)
      return [...best.map((b) => b.item), ...best.map((b) => b.score)]
    },
  }
}

/** One vector of 64 dimensions against 1,000 listed rows. */
export const dotCase: MakeCase = (kernel, memory, items) => {
  const n = Math.min(items, 1000)
  const tables = new Tables(memory)
  const vectors = tables.f32(n * DIM, (i) => Math.sin(i))
  const query = tables.f32(DIM, (i) => Math.cos(i))
  const ids = tables.u32(n, (i) => (i * 389) % n)
  const out = tables.f32(n, () => 0)
  return {
    name: `dot products of ${n} rows of ${DIM} dimensions`,
    kernelCalls: 200,
    plainCalls: 20,
    kernel() {
      kernel.dotRows(query.at, vectors.at, DIM, ids.at, n, out.at)
      return [...out.view]
    },
    plain() {
      return Array.from(ids.view, (id) => {
        let sum = 0
        for (let d = 0; d < DIM; d++) sum += query.view[d] * vectors.view[id * DIM + d]
        return sum
      })
    },
  }
}

/** Cosine neighbours of a block of items; 2,000 shoppers of 30 items each. */
export const similarityCase: MakeCase = (kernel, memory, items) => {
  const [shoppers, each, n, block, k] = [2000, 30, Math.min(items, 2000), 50, NEIGHBOURS]
  const tables = new Tables(memory)
  const { rows, columns } = shopperRows(shoppers, each, n)
  const [r, c] = [tables.ones(rows), tables.ones(columns)]
  const norms = tables.f32(n, (i) => (columns[i].length === 0 ? 0 : 1 / Math.sqrt(columns[i].length)))
  const [acc, touched] = [tables.f32(n, () => -0), tables.u32(n + 1, () => 0)]
  const [indices, data, counts] = [
    tables.u32(block * k, () => 0),
    tables.f32(block * k, () => 0),
    tables.u32(block, () => 0),
  ]
  return {
    name: `similarity of ${block} items, ${shoppers} shoppers × ${each}`,
    kernelCalls: 5,
    plainCalls: 1,
    kernel() {
      const csr = [r.indptr.at, r.indices.at, r.data.at, c.indptr.at, c.indices.at, c.data.at] as const
      const out = [indices.at, data.at, counts.at] as const
      kernel.similarityBlock(...csr, norms.at, 0, block, k, acc.at, touched.at, ...out)
      return Array.from(counts.view).flatMap((count, i) => [...data.view.subarray(i * k, i * k + count)])
    },
    plain() {
      return Array.from({ length: block }, (_, item) => {
        const sums = new Map<number, number>()
        for (const u of columns[item]) for (const other of rows[u]) sums.set(other, (sums.get(other) ?? 0) + 1)
        sums.delete(item)
        const cosines = Array.from(sums, ([other, sum]) => sum * norms.view[item] * norms.view[other])
        const best = cosines.sort((a, b) => b - a).slice(0, k)
        const total = best.reduce((sum, cosine) => sum + cosine, 0)
        return best.map((cosine) => cosine / total)
      }).flat()
    },
  }
}

/** One draw among 64 actions, with their propensities. */
export const chooseCase: MakeCase = (kernel, memory) => {
  const tables = new Tables(memory)
  const values = tables.f64(ACTIONS, (a) => (a * 37) % 50)
  const propensities = tables.f64(ACTIONS, () => 0)
  const [temperature, floor, u] = [5, 0.001, 0.7]
  return {
    name: `choice among ${ACTIONS} actions`,
    kernelCalls: 2000,
    plainCalls: 2000,
    kernel() {
      const chosen = kernel.chooseOffer(ACTIONS, values.at, temperature, floor, u, propensities.at)
      return [chosen, ...propensities.view]
    },
    plain() {
      const top = Math.max(...values.view)
      const weights = Array.from(values.view, (value) => Math.exp((value - top) / temperature))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const shares = weights.map((weight) => floor + (1 - ACTIONS * floor) * (weight / total))
      let cumulative = 0
      const chosen = shares.findIndex((share) => {
        cumulative += share
        return cumulative > u
      })
      return [chosen, ...shares]
    },
  }
}
