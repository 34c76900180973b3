/** Made-up tables for the kernel's benchmarks, one after the other in its memory. */

export const NEIGHBOURS = 100

export function neighbourRows(tables: Tables, items: number) {
  const indices = tables.u32(items * NEIGHBOURS, () => 0)
  for (let row = 0; row < items; row++) indices.view.set(distinct(NEIGHBOURS, items, row), row * NEIGHBOURS)
  return {
    indptr: tables.u32(items + 1, (row) => row * NEIGHBOURS),
    indices,
    data: tables.f32(items * NEIGHBOURS, (p) => ((p * 31) % 101) / 5000),
  }
}

/** Each shopper's items, and each item's shoppers. */
export function shopperRows(shoppers: number, each: number, items: number): { rows: number[][]; columns: number[][] } {
  const rows = Array.from({ length: shoppers }, (_, u) => distinct(each, items, u))
  const columns: number[][] = Array.from({ length: items }, () => [])
  for (const [u, row] of rows.entries()) for (const item of row) columns[item].push(u)
  return { rows, columns }
}

/** `count` different numbers below n, ascending; different for each seed. */
function distinct(count: number, n: number, seed: number): number[] {
  const picked = new Set<number>()
  for (let state = seed + 1; picked.size < Math.min(count, n); ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    picked.add(Math.floor((state / 2 ** 32) * n))
  }
  return [...picked].sort((a, b) => a - b)
}

/** Arrays one after the other in the memory, from its start. */
export class Tables {
  private readonly memory: WebAssembly.Memory
  private free = 64

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory
  }

  u32(n: number, value: (i: number) => number) {
    const at = this.take(n * 4)
    return { at, view: filled(new Uint32Array(this.memory.buffer, at, n), value) }
  }

  f32(n: number, value: (i: number) => number) {
    const at = this.take(n * 4)
    return { at, view: filled(new Float32Array(this.memory.buffer, at, n), value) }
  }

  f64(n: number, value: (i: number) => number) {
    const at = this.take(n * 8)
    return { at, view: filled(new Float64Array(this.memory.buffer, at, n), value) }
  }

  /** A CSR matrix whose stored values are all 1. */
  ones(rows: number[][]) {
    const flat = rows.flat()
    const indptr = this.u32(rows.length + 1, () => 0)
    rows.forEach((row, r) => {
      indptr.view[r + 1] = indptr.view[r] + row.length
    })
    return { indptr, indices: this.u32(flat.length, (p) => flat[p]), data: this.f32(flat.length, () => 1) }
  }

  private take(bytes: number): number {
    const at = this.free
    this.free = (at + bytes + 63) & ~63
    return at
  }
}

function filled<T extends Uint32Array | Float32Array | Float64Array>(view: T, value: (i: number) => number): T {
  for (let i = 0; i < view.length; i++) view[i] = value(i)
  return view
}
