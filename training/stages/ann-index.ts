/** The index section: the HNSW graph over the item vectors. */
import { AnnIndex } from '../../core/native/ann.ts'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { type StageReport, sectionFile } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainIndex({ dataset, sections, parameters, onProgress }: StageContext): Promise<StageReport> {
  const { items } = await readSafetensors(sectionFile(sections, 'vectors'))
  const [n, dim] = items.shape
  const vectors = items.data as Float32Array
  const graph = AnnIndex.build(vectors, dim, { ...parameters.index, seed: parameters.seed }, (done) =>
    onProgress({ stage: 'index', done, total: dataset.items, message: 'items linked' }),
  )
  graph.write(sectionFile(sections, 'index'))
  return { metrics: { items: n } }
}
