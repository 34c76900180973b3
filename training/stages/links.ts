/** The links section: whose rows of `peers` count for a shopper. weight[u, v] = w(u, v) / Σ_v w(u, v), so each sum is 1. */
import { readLinks } from '../duckdb.ts'
import { type SectionTables, type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

type LinkRows = NonNullable<Awaited<ReturnType<typeof readLinks>>>

/** Null: the data has no links. */
export async function trainLinks({ dataset, sections }: StageContext): Promise<StageReport | null> {
  const rows = await readLinks(dataset.folder)
  if (rows === null) return null
  const tables = linkTables(rows, dataset.shoppers)
  await writeSection(sections, 'links', tables)
  return { metrics: { links: tables.shoppers.length } }
}

/** Rows come by shopper. */
export function linkTables(
  { shopper_index, other_index, weight }: LinkRows,
  nShoppers: number,
): SectionTables<'links'> {
  const indptr = new Uint32Array(nShoppers + 1)
  const sums = new Float64Array(nShoppers)
  shopper_index.forEach((shopper, row) => {
    indptr[shopper + 1]++
    sums[shopper] += weight[row]
  })
  for (let shopper = 0; shopper < nShoppers; shopper++) indptr[shopper + 1] += indptr[shopper]
  return {
    indptr,
    shoppers: other_index,
    weight: Float32Array.from(weight, (value, row) => value / sums[shopper_index[row]]),
  }
}
