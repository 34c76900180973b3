/** The vectors section: what an item is to shoppers, as a unit vector. */
import { itemFactors } from '../factors.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainVectors(context: StageContext): Promise<StageReport> {
  const { dataset, sections, parameters, onProgress } = context
  const { threads, seed, vectors } = parameters
  const { dim, powerIterations, efSearch, weight } = vectors
  const total = powerIterations
  const report = (done: number) => onProgress({ stage: 'vectors', done, total, message: 'iterations' })
  // Vectors that add nothing to a score are not learned; the section is there all the same.
  const items =
    weight === 0
      ? new Float32Array(dataset.items * dim)
      : await itemFactors(context.interactions, { dim, powerIterations, seed, threads }, report)
  await writeSection(sections, 'vectors', { items }, dataset.items)
  return {
    metrics: { itemsWithVector: countNonZeroRows(items, dim) },
    model: { vectors: { dim, efSearch, weight } },
  }
}

function countNonZeroRows(m: Float32Array, width: number): number {
  let count = 0
  for (let start = 0; start < m.length; start += width) {
    if (m.subarray(start, start + width).some((value) => value !== 0)) count++
  }
  return count
}
