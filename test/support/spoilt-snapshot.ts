/** A sound snapshot that is no good: published from another one with one column overwritten. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { INDEX_SECTION, type SectionName } from '../../core/snapshot/layout.ts'
import { parseSafetensorsHeader } from '../../core/snapshot/safetensors.ts'
import { readManifest } from '../../core/snapshot/verify.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'

/** Nothing can be sold any more, so every answer is empty. Answers with the id; `CURRENT` does not move. */
export async function publishSoldOut(store: string, id: string): Promise<string> {
  const folder = join(store, id)
  const { manifest } = await readManifest(folder, id)
  const [{ items, shoppers, sections }] = manifest.segments
  const spoilt = await mkdtemp(join(tmpdir(), 'offerwright-spoilt-'))
  const catalogue = await readFile(join(folder, 'catalogue.safetensors'))
  const extent = parseSafetensorsHeader(catalogue, catalogue.length, 'catalogue').tensors.get('available')
  if (extent === undefined) throw new Error('the catalogue has no column available')
  catalogue.fill(0, extent.begin, extent.end)
  await writeFile(join(spoilt, 'catalogue.safetensors'), catalogue)
  const published = await publishSnapshot({
    ...manifest,
    store,
    parent: id,
    epoch: manifest.epoch + 1,
    items,
    shoppers,
    sections: sections.map(({ name, file }) => ({
      name: name as SectionName,
      file: name === 'catalogue' ? join(spoilt, 'catalogue.safetensors') : join(folder, file),
      format: name === INDEX_SECTION ? 'hnsw' : 'safetensors',
    })),
  })
  await rm(spoilt, { recursive: true })
  return published
}
