/**
 * Which model? Each candidate learns from nine tenths of the data and ranks the last tenth for a sample of shoppers; the
 * best mean NDCG@k is taken. The tenth is the newest where events have times, else a random one of each shopper's.
 *
 * It chooses between families, never constants within one: a slice of the past mispredicts finer choices. Models whose item
 * weights are found item by item compute only the rows that the sample's histories ask for.
 */
import { join } from 'node:path'
import { ndcgAtK } from '../../core/evaluation/ranking.ts'
import { instantiateKernel, type KernelExports } from '../../core/native/kernel.ts'
import { type Dataset, firstAtOrAfter, selected } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import { openHeldOut } from '../held-out.ts'
import { type TrainingParameters, trainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import { Workspace } from '../workspace.ts'
import { meanOf } from './blend.ts'
import { type Case, casesOf, listFor } from './liked.ts'
import { type ModelName, parametersOf } from './models.ts'

const HELD_OUT = 0.1
const SAMPLED_SHOPPERS = 600
/** Multiplications above which a model is not tried: about a quarter of an hour on two threads. */
const MOST_WORK = 3e12
/** Passes over the interactions that one source's row takes. */
const PASSES: Partial<Record<TrainingParameters['rows'], number>> = { 'graph-filter': 10, ease: 22 }

export interface Choice {
  model: ModelName
  /** Mean NDCG@k of each candidate; null where it would take too long. */
  validation: { model: ModelName; ndcg: number | null }[]
}

export async function chooseModel(
  dataset: Dataset,
  candidates: readonly ModelName[],
  { k, neighbours, threads, seed }: { k: number; neighbours: number; threads: number; seed: number },
  folder: string,
  onProgress?: OnProgress,
): Promise<Choice> {
  const { fitted, heldOut } = split(dataset, seed)
  const cases = await sampledCases(fitted, heldOut)
  const rowSources = itemsOf(fitted, new Set(cases.map(({ index }) => index)))
  const validation: Choice['validation'] = []
  for (const model of candidates) {
    const parameters = trainingParameters({ ...parametersOf(model, { neighbours, threads }), seed })
    if (workOf(parameters, dataset, rowSources.length) > MOST_WORK) {
      validation.push({ model, ndcg: null })
      continue
    }
    const g = await openHeldOut(fitted, parameters, join(folder, model), { onProgress, rowSources })
    const ndcg = cases.map((each) => {
      const { list, relevant } = listFor(g, each, k)
      return ndcgAtK(list, relevant, k)
    })
    validation.push({ model, ndcg: meanOf(Float64Array.from(ndcg)) })
  }
  const [best] = validation.toSorted((a, b) => (b.ndcg ?? -1) - (a.ndcg ?? -1))
  return { model: best.model, validation }
}

function workOf({ rows }: TrainingParameters, { events, items }: Dataset, sources: number): number {
  return (PASSES[rows] ?? 0) * events * (sources + items)
}

function split(dataset: Dataset, seed: number): { fitted: Dataset; heldOut: Dataset } {
  const { table } = dataset
  const isHeldOut = haveTimes(dataset) ? newestOf(dataset) : randomOf(table.length, seed)
  const fitted = (e: number) => !isHeldOut(e)
  return { fitted: selected(dataset, fitted), heldOut: selected(dataset, isHeldOut) }
}

function haveTimes({ table }: Dataset): boolean {
  return table.timeMs[0] !== table.timeMs[table.length - 1]
}

function newestOf({ table }: Dataset): (event: number) => boolean {
  const cut = firstAtOrAfter(table.timeMs, table.timeMs[Math.floor((1 - HELD_OUT) * table.length)])
  return (event) => event >= cut
}

function randomOf(length: number, seed: number): (event: number) => boolean {
  const kernel: KernelExports = instantiateKernel(new Workspace().memory)
  const drawn = Uint8Array.from({ length }, (_, e) => (kernel.uniform(e, 0, 0, 0, seed, 1) < HELD_OUT ? 1 : 0))
  return (event) => drawn[event] === 1
}

/** Shoppers of both parts, evenly thinned. */
async function sampledCases(fitted: Dataset, heldOut: Dataset): Promise<Case[]> {
  const known = new Set(fitted.table.shopper)
  const cases = (await casesOf(heldOut)).filter(({ index }) => known.has(index))
  const step = Math.max(1, Math.ceil(cases.length / SAMPLED_SHOPPERS))
  return cases.filter((_, i) => i % step === 0)
}

/** Items of these shoppers' events, ascending. */
function itemsOf({ table }: Dataset, shoppers: ReadonlySet<number>): Uint32Array {
  const items = new Set<number>()
  for (let e = 0; e < table.length; e++)
    if (table.shopper[e] !== NO_INDEX && shoppers.has(table.shopper[e])) items.add(table.item[e])
  return Uint32Array.from(items).sort()
}
