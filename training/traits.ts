/** What a merchant knows of shoppers, as columns: the texts of each shopper in CSR, and a column for each number. */
import type { DatasetSummary } from './dataset.ts'
import { readTraitRows } from './duckdb.ts'

export type TraitRows = NonNullable<Awaited<ReturnType<typeof readTraitRows>>>

export interface Traits {
  /** Distinct `name NUL value` of the text traits, in byte order. */
  values: string[]
  /** Shopper s has `values[codes[i]]` for i in `indptr[s] .. indptr[s + 1]`, ascending. */
  indptr: Uint32Array
  codes: Uint32Array
  /** By name, in byte order: the number of each shopper, NaN of those of whom it is not known. */
  numbers: Map<string, Float64Array>
}

/** Null where the mapping has no file of shoppers, or that file says nothing of anyone. */
export async function readTraits({
  folder,
  shoppers,
}: Pick<DatasetSummary, 'folder' | 'shoppers'>): Promise<Traits | null> {
  const rows = await readTraitRows(folder)
  return rows === null || rows.name.length === 0 ? null : traitsOfRows(rows, shoppers)
}

/** Rows come by shopper. */
export function traitsOfRows(rows: TraitRows, nShoppers: number): Traits {
  return { ...textsOf(rows, nShoppers), numbers: numbersOf(rows, nShoppers) }
}

function textsOf({ shopper_index, name, value }: TraitRows, nShoppers: number) {
  const texts = value.map((text, row) => (text === null ? null : `${name[row]}\0${text}`))
  const values = inByteOrder(new Set(texts.filter((text) => text !== null)))
  const codeOf = new Map(values.map((text, code) => [text, code]))
  const indptr = new Uint32Array(nShoppers + 1)
  const codes: number[] = []
  texts.forEach((text, row) => {
    if (text === null) return
    codes.push(codeOf.get(text) ?? 0)
    indptr[shopper_index[row] + 1]++
  })
  for (let shopper = 0; shopper < nShoppers; shopper++) indptr[shopper + 1] += indptr[shopper]
  const sorted = Uint32Array.from(codes)
  for (let shopper = 0; shopper < nShoppers; shopper++) sorted.subarray(indptr[shopper], indptr[shopper + 1]).sort()
  return { values, indptr, codes: sorted }
}

function numbersOf({ shopper_index, name, value, number }: TraitRows, nShoppers: number): Map<string, Float64Array> {
  const names = inByteOrder(new Set(name.filter((_, row) => value[row] === null).map((text) => text ?? '')))
  const numbers = new Map(names.map((text) => [text, new Float64Array(nShoppers).fill(Number.NaN)]))
  value.forEach((text, row) => {
    const column = text === null ? numbers.get(name[row] ?? '') : undefined
    if (column !== undefined) column[shopper_index[row]] = number[row]
  })
  return numbers
}

function inByteOrder(texts: Iterable<string>): string[] {
  return [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
