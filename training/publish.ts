/** Publishing: the section files and what their stages reported become one snapshot. */
import type { KeyObject } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../core/contract/errors.ts'
import type { SnapshotId } from '../core/contract/ids.ts'
import { parseAs } from '../core/contract/parse.ts'
import { INDEX_SECTION, OPTIONAL_SECTIONS, REQUIRED_SECTIONS, type SectionName } from '../core/snapshot/layout.ts'
import { type Manifest, ModelParameters, parseManifest } from '../core/snapshot/manifest.ts'
import { activateSnapshot, currentSnapshot, snapshotFolder } from '../core/snapshot/store.ts'
import { readManifestBytes } from '../core/snapshot/verify.ts'
import { publishSnapshot } from '../core/snapshot/write.ts'
import type { DatasetSummary } from './dataset.ts'
import { gatesOf, refuseFailed } from './gates.ts'
import type { OutsideSections } from './outside.ts'
import { hasReport, readReport, type StoredReport, sectionFile } from './sections.ts'

export interface PublishOptions {
  dataset: Pick<DatasetSummary, 'shop' | 'currency'>
  sections: string
  /** Folder of the shop's snapshots. */
  store: string
  /** Import's data-quality report. */
  quality: unknown
  /** When `CURRENT` moves to the new snapshot, for the history, in milliseconds since 1970; null: it does not move. */
  activateAt: number | null
  /**
   * Share by which a watched metric may be worse than in the snapshot in use; null: nothing is compared. Sections from outside
   * were not measured here, so they pass no gate and fail none.
   */
  tolerance: number | null
  /** Sections that another trainer made, in place of the trained ones. */
  outside?: OutsideSections
  /** Ed25519 private key. */
  signingKey?: KeyObject
}

/** Throws `gate_failed` where the sections are worse than the snapshot in use by more than the tolerance. */
export async function publishSections(options: PublishOptions): Promise<SnapshotId> {
  const { dataset, sections, store, outside } = options
  const isOutside = (name: SectionName) => outside?.files.has(name) === true
  const isThere = (name: SectionName) => isOutside(name) || hasReport(sections, name)
  const names: SectionName[] = [...REQUIRED_SECTIONS, ...OPTIONAL_SECTIONS.filter(isThere)]
  const trained = names.filter((name) => !isOutside(name))
  const reports = await reportsOf(trained, options)
  const { items, shoppers, watermark } = agreedData(reports, dataset.shop)
  const inUse = await manifestInUse(store)
  const metrics = metricsOf(reports)
  if (inUse !== null && options.tolerance !== null)
    refuseFailed(gatesOf(inUse.manifest.metrics, metrics, options.tolerance), options.tolerance)
  const id = await publishSnapshot({
    store,
    shop: dataset.shop,
    currency: dataset.currency,
    parent: inUse?.id ?? null,
    epoch: (inUse?.manifest.epoch ?? 0) + 1,
    watermark,
    seed: seedOf(reports),
    items,
    shoppers,
    sections: names.map((name) => ({
      name,
      file: outside?.files.get(name) ?? sectionFile(sections, name),
      format: name === INDEX_SECTION ? 'hnsw' : 'safetensors',
    })),
    model: modelOf(reports),
    metrics,
    quality: options.quality,
    signingKey: options.signingKey,
  })
  if (options.activateAt !== null) await activateSnapshot(store, id, { time: options.activateAt, by: 'publish' })
  return id
}

/**
 * What came from outside is last, so that its model parameters stand. The evaluation then measured other sections than
 * those that are published: its metrics are left out, and no gate has anything to compare.
 */
async function reportsOf(stages: string[], { sections, outside }: PublishOptions): Promise<StoredReport[]> {
  const reports: StoredReport[] = []
  for (const stage of stages) reports.push(await readReport(sections, stage))
  const evaluation = await readReport(sections, 'evaluate')
  if (hasReport(sections, 'allocate')) reports.push(await readReport(sections, 'allocate'))
  if (outside === undefined) return [...reports, evaluation]
  return [...reports, { ...evaluation, metrics: {} }, outside.report]
}

/** The snapshot in use becomes the parent. */
async function manifestInUse(store: string): Promise<{ id: SnapshotId; manifest: Manifest } | null> {
  const id = await currentSnapshot(store)
  return id === null ? null : { id, manifest: parseManifest(await readManifestBytes(snapshotFolder(store, id))) }
}

/** Throws `invalid_data` where a stage was last run on other data than the rest. */
function agreedData(reports: StoredReport[], shop: string): StoredReport['data'] {
  const [first] = reports
  for (const { stage, data } of reports)
    if (JSON.stringify(data) !== JSON.stringify(first.data) || data.shop !== shop)
      throw new OfferwrightError(
        'invalid_data',
        `stage ${stage} was run on other data than ${first.stage}; run it again on what import wrote`,
        { field: stage, value: data },
      )
  return first.data
}

function seedOf(reports: StoredReport[]): number {
  const { parameters } = reports.find(({ stage }) => stage === INDEX_SECTION) ?? reports[0]
  return Number(parameters.seed)
}

const ReportedModel = Type.Object({ model: ModelParameters })
const modelCheck = Compile(ReportedModel)

/** The shares of all reports as one. Throws with the parameter that is missing or that no model can have. */
function modelOf(reports: StoredReport[]): ModelParameters {
  const model: Partial<ModelParameters> = Object.assign({}, ...reports.map((report) => report.model))
  return parseAs<Static<typeof ReportedModel>>(modelCheck, { model }).model
}

function metricsOf(reports: StoredReport[]): Record<string, number> {
  return Object.fromEntries(
    reports.flatMap(({ stage, metrics }) =>
      Object.entries(metrics).map(([name, value]): [string, number] => [`${stage}.${name}`, value]),
    ),
  )
}
