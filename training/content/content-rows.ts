/** Rows by content for the items that few shoppers met, in the scale of the item-item rows of any model. */
import { readAttributes, readItems } from '../duckdb.ts'
import type { Csr } from '../sparse.ts'
import type { StageContext } from '../stage.ts'
import { coldRows } from './cold-rows.ts'
import { contentNeighbours } from './neighbours.ts'
import { contentTerms, type ItemTexts } from './terms.ts'

/** `base`: item-item rows by source. `onDone` counts items. */
export async function contentRows(
  base: Csr,
  { dataset, interactions: { byItem }, parameters }: StageContext,
  onDone: (items: number) => void,
): Promise<Csr> {
  const { neighbours, strength, enough, added } = parameters.content
  const interactions = Uint32Array.from({ length: byItem.nRows }, (_, i) => byItem.indptr[i + 1] - byItem.indptr[i])
  const items = Uint32Array.from(interactions.keys())
  const targets = items.filter((item) => interactions[item] < enough)
  const sources = items.filter((item) => interactions[item] > 0)
  const { weights } = contentTerms(await readTexts(dataset.folder, byItem.nRows))
  const content = await contentNeighbours(
    weights,
    { targets, sources, neighbours, threads: parameters.threads },
    onDone,
  )
  return coldRows(base, content, { interactions, strength, enough, added })
}

async function readTexts(folder: string, nItems: number): Promise<ItemTexts> {
  const tags = Array.from({ length: nItems }, (): string[] => [])
  const attributes = await readAttributes(folder)
  attributes?.item_index.forEach((item, row) => {
    const value = attributes.value[row]
    if (value !== null) tags[item].push(`${attributes.name[row]} ${value}`)
  })
  return { ...(await readItems(folder, ['title', 'category', 'brand', 'price_minor'])), tags }
}
