/** The shop of one seed: its files, imported, trained, published and opened by the same code as any merchant's. */
import { join } from 'node:path'
import { type CompiledCampaigns, compileCampaigns } from '../../../core/scoring/campaigns/compile.ts'
import { fillLiveCatalogue } from '../../../core/scoring/catalogue.ts'
import { type Generation, liveCatalogueOf, openGeneration, reserveBytes } from '../../../core/scoring/generation.ts'
import { openSnapshot } from '../../../core/snapshot/open.ts'
import { snapshotFolder } from '../../../core/snapshot/store.ts'
import { tablesOf } from '../../../core/snapshot/tables.ts'
import { type Dataset, readDataset } from '../../dataset.ts'
import { importData } from '../../import/import.ts'
import { runStage } from '../../model-stages.ts'
import { trainingParameters } from '../../parameters.ts'
import { publishSections } from '../../publish.ts'
import { type SectionTables, writeSection } from '../../sections.ts'
import { StageContext } from '../../stage.ts'
import { train } from '../../train.ts'
import { generateShop } from '../generate.ts'
import { truthParameters } from '../parameters.ts'
import { openTruth, type Truth } from '../truth.ts'
import { type Phase, type Scenario, scenarioCampaigns } from './scenario.ts'

export interface SimulatedShop {
  folder: string
  truth: Truth
  dataset: Dataset
  /** Import's data-quality report. */
  quality: unknown
}

/** The tables of how shoppers answer offers. */
export type ResponseTables = SectionTables<'response'>

/** A published snapshot, opened, with the campaigns of a phase. */
export interface OpenShop {
  g: Generation
  campaigns: CompiledCampaigns
}

export async function makeShop(folder: string, scenario: Scenario, seed: number): Promise<SimulatedShop> {
  const { items, shoppers, events, hiddenResponse } = scenario
  const parameters = truthParameters({ items, shoppers, events, seed, dirt: 0, hiddenResponse })
  const source = join(folder, 'source')
  const data = join(folder, 'data')
  await generateShop(source, parameters)
  const { quality } = await importData({ mapping: join(source, 'mapping.json'), out: data })
  await train({ data, sections: join(folder, 'sections'), parameters: trainingParameters() })
  return { folder, truth: openTruth(parameters), dataset: await readDataset(data, null), quality }
}

/** Adds what was learned of the shoppers' response to the trained sections. */
export async function addResponse(shop: SimulatedShop, response: ResponseTables): Promise<void> {
  const sections = join(shop.folder, 'sections')
  const context = new StageContext(shop.dataset, sections, trainingParameters(), () => undefined)
  await runStage(
    'response',
    async () => {
      await writeSection(sections, 'response', response)
      return { metrics: { segments: response.listed.length } }
    },
    context,
  )
}

export async function publishAndOpen(shop: SimulatedShop, phase: Phase, explorationFloor = 0): Promise<OpenShop> {
  const { folder, dataset, quality } = shop
  const store = join(folder, 'snapshots')
  const sections = join(folder, 'sections')
  const id = await publishSections({ dataset, sections, store, quality, activateAt: 0, tolerance: null })
  const image = await openSnapshot(snapshotFolder(store, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  const g = openGeneration(image, 0)
  return { g, campaigns: compileCampaigns(g, scenarioCampaigns(dataset.currency, phase, explorationFloor), phase) }
}
