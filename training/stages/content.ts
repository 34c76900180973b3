/** The content section: what items that few shoppers met are like, by source. */
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { contentRows } from '../content/content-rows.ts'
import { type StageReport, sectionFile, writeSection } from '../sections.ts'
import type { Csr } from '../sparse.ts'
import type { StageContext } from '../stage.ts'

/** Null: the parameters ask for none. */
export async function trainContent(context: StageContext): Promise<StageReport | null> {
  const { dataset, sections, parameters, onProgress } = context
  if (parameters.content.strength === 0) return null
  const { indptr, indices, data } = await contentRows(await learnedRows(context), context, (done) =>
    onProgress({ stage: 'content', done, total: dataset.items, message: 'items compared' }),
  )
  await writeSection(sections, 'content', { indptr, indices, data })
  return { metrics: { weights: indices.length } }
}

async function learnedRows({ dataset, sections }: StageContext): Promise<Csr> {
  const { indptr, indices, data } = await readSafetensors(sectionFile(sections, 'similarity'))
  return {
    nRows: dataset.items,
    nCols: dataset.items,
    indptr: indptr.data as Uint32Array,
    indices: indices.data as Uint32Array,
    data: data.data as Float32Array,
  }
}
