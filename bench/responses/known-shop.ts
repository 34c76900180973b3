/** A demo shop that was trained on its sales and knows its shoppers' tiers, with the truth that its shoppers buy by. */
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { fillLiveCatalogue } from '../../core/scoring/catalogue.ts'
import { type Generation, liveCatalogueOf, openGeneration, reserveBytes } from '../../core/scoring/generation.ts'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { snapshotFolder } from '../../core/snapshot/store.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { importData } from '../../training/import/import.ts'
import { trainingParameters } from '../../training/parameters.ts'
import { publishSections } from '../../training/publish.ts'
import { generateShop } from '../../training/simulation/generate.ts'
import { type TruthParameters, truthParameters } from '../../training/simulation/parameters.ts'
import { openTruth, type Truth } from '../../training/simulation/truth.ts'
import { train } from '../../training/train.ts'

export interface KnownShop {
  root: string
  dataset: { shop: string; currency: string }
  truth: Truth
  file: CampaignFile
}

export async function makeKnownShop(root: string, chosen: Partial<TruthParameters>): Promise<KnownShop> {
  const source = join(root, 'source')
  const parameters = truthParameters(chosen)
  await generateShop(source, parameters)
  await nameTiers(join(source, 'mapping.json'))
  const { dataset } = await importData({ mapping: join(source, 'mapping.json'), out: join(root, 'data') })
  const file = parseCampaignFile(readFileSync(join(source, 'campaigns.json'), 'utf8'), dataset.currency)
  return { root, dataset, truth: openTruth(parameters), file }
}

/** The demo's mapping reads sales and items; segments are told apart by what the shop knows of its shoppers. */
async function nameTiers(file: string): Promise<void> {
  const mapping = JSON.parse(readFileSync(file, 'utf8'))
  const attributes = { tier: { column: 'tier', type: 'text' }, channel: { column: 'channel', type: 'text' } }
  mapping.shoppers = { file: 'shoppers.csv.gz', columns: { shopper: 'shopper' }, attributes }
  await writeFile(file, JSON.stringify(mapping))
}

/** Every stage the first time, then that of responses again; `logs`: what they are learned from. */
export async function trainKnownShop({ root, dataset }: KnownShop, logs?: string): Promise<Generation> {
  const [data, sections, store] = ['data', 'sections', 'snapshots'].map((name) => join(root, name))
  const stage = existsSync(join(sections, 'evaluate.json')) ? 'response' : undefined
  await train({ data, sections, logs, parameters: trainingParameters(), stage })
  const id = await publishSections({ dataset, sections, store, quality: null, activate: false, tolerance: null })
  const image = await openSnapshot(snapshotFolder(store, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  return openGeneration(image, 0)
}
