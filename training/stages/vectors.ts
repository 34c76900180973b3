/** The vectors section: what an item is to shoppers. */
import { itemFactors } from '../factors.ts'
import { ialsFactors } from '../linear/ials.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainVectors(context: StageContext): Promise<StageReport> {
  const { dataset, sections, parameters } = context
  const { model, dim, efSearch, weight, alpha } = parameters.vectors
  // Vectors that add nothing to a score are not learned; the section is there all the same.
  const items = weight === 0 ? new Float32Array(dataset.items * dim) : await learnVectors(context)
  await writeSection(sections, 'vectors', { items }, dataset.items)
  const fold = model === 'ials' ? ({ fold: 'als', alpha } as const) : ({ fold: 'mean' } as const)
  return {
    metrics: { itemsWithVector: countNonZeroRows(items, dim) },
    model: { vectors: { dim, efSearch, weight, ...fold } },
  }
}

function learnVectors({ parameters, interactions, onProgress }: StageContext): Promise<Float32Array> {
  const { threads, seed, vectors } = parameters
  const total = vectors.model === 'ials' ? vectors.epochs : vectors.powerIterations
  const report = (done: number) => onProgress({ stage: 'vectors', done, total, message: 'iterations' })
  return vectors.model === 'ials'
    ? ialsFactors(interactions, { ...vectors, seed, threads }, report)
    : itemFactors(interactions, { ...vectors, seed, threads }, report)
}

function countNonZeroRows(m: Float32Array, width: number): number {
  let count = 0
  for (let start = 0; start < m.length; start += width) {
    if (m.subarray(start, start + width).some((value) => value !== 0)) count++
  }
  return count
}
