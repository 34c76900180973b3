/** Section files and stage reports: what a stage leaves behind for later stages and for publishing. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OfferwrightError } from '../core/contract/errors.ts'
import { writeDurably, writeFully } from '../core/snapshot/files.ts'
import { type NumericSection, type TENSORS, tensorsOfSection } from '../core/snapshot/layout.ts'
import type { ModelParameters } from '../core/snapshot/manifest.ts'
import { writeSafetensors } from '../core/snapshot/safetensors.ts'
import type { Tensor, TensorView } from '../core/snapshot/tensors.ts'
import type { DatasetSummary } from './dataset.ts'

type Layouts = typeof TENSORS
/** Views of private or of shared memory alike. */
interface Views {
  U8: Uint8Array
  U32: Uint32Array
  I32: Int32Array
  U64: BigUint64Array
  F32: Float32Array
}
/** The tables of one section, by tensor name. */
export type SectionTables<Name extends NumericSection> = {
  [T in keyof Layouts[Name]]: Layouts[Name][T] extends { dtype: infer D extends keyof Views } ? Views[D] : never
}

/** What a stage found. `model` holds its share of the manifest's model parameters. */
export interface StageReport {
  metrics: Record<string, number>
  model?: Partial<ModelParameters>
}

/** Which import, and how much of it, something was made from. */
export type DataMark = Pick<DatasetSummary, 'shop' | 'watermark' | 'items' | 'shoppers' | 'events'>

/** The report on disk: also which data it is about, so that stages of different data are never published together. */
export interface StoredReport extends StageReport {
  stage: string
  data: DataMark
  parameters: Record<string, unknown>
}

export function sectionFile(folder: string, name: string): string {
  return join(folder, name === 'index' ? 'items.hnsw' : `${name}.safetensors`)
}

/** Writes a section's tables; two-dimensional ones have `rows` rows. */
export async function writeSection<Name extends NumericSection>(
  folder: string,
  name: Name,
  tables: SectionTables<Name>,
  rows = 0,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const views = tables as Record<string, Views[keyof Views]>
  const tensors = tensorsOfSection(name).map(([tensor, layout]): [string, Tensor] => {
    const data = views[tensor]
    const shape = layout.shape.length === 2 ? [rows, data.length / rows] : [data.length]
    return [tensor, { dtype: layout.dtype, shape, data: data as TensorView }]
  })
  await writeSafetensors(sectionFile(folder, name), Object.fromEntries(tensors))
}

export async function writeReport(
  folder: string,
  stage: string,
  dataset: DatasetSummary,
  parameters: Record<string, unknown>,
  report: StageReport,
): Promise<void> {
  const { shop, watermark, items, shoppers, events } = dataset
  const stored: StoredReport = { stage, data: { shop, watermark, items, shoppers, events }, parameters, ...report }
  await mkdir(folder, { recursive: true })
  const bytes = Buffer.from(`${JSON.stringify(stored, null, 2)}\n`)
  await writeDurably(reportFile(folder, stage), (file) => writeFully(file, bytes, 0))
}

/** Removes what an earlier run of the stage left. */
export async function removeResult(folder: string, stage: string): Promise<void> {
  await Promise.all([sectionFile(folder, stage), reportFile(folder, stage)].map((file) => rm(file, { force: true })))
}

/** Whether the stage has left a result. */
export function hasReport(folder: string, stage: string): boolean {
  return existsSync(reportFile(folder, stage))
}

/** Throws `invalid_data` when the stage has not been run. */
export async function readReport(folder: string, stage: string): Promise<StoredReport> {
  const file = reportFile(folder, stage)
  try {
    return JSON.parse(await readFile(file, 'utf8')) as StoredReport
  } catch (error) {
    throw new OfferwrightError(
      'invalid_data',
      `stage ${stage} has no result: ${(error as Error).message}; run offerwright train --stage ${stage}`,
      { field: 'stage', value: stage },
    )
  }
}

function reportFile(folder: string, stage: string): string {
  return join(folder, `${stage}.json`)
}
