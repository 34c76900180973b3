/**
 * A generation: one opened snapshot, the live columns of its catalogue and one worker's arena, all in the snapshot's
 * shared memory. Every worker runs its own kernel instance on the same tables and never on another's arena.
 */
import type { EventKind } from '../contract/events.ts'
import { AnnIndex } from '../native/ann.ts'
import { instantiateKernel, type KernelBuild, type KernelExports } from '../native/kernel.ts'
import type { Segment, SourceWeights } from '../snapshot/manifest.ts'
import type { SnapshotImage } from '../snapshot/open.ts'
import { stringAt } from '../snapshot/strings.ts'
import { type Column, type SnapshotTables, tablesOf } from '../snapshot/tables.ts'
import { type Arena, type ArenaSize, arenaAt, arenaBytes } from './arena.ts'
import { ROWS_ALONE } from './blends.ts'
import { type LiveCatalogue, liveCatalogueAt, liveCatalogueBytes } from './catalogue.ts'
import { Pieces } from './json-pieces.ts'
import { type Neighbourhoods, neighbourhoodsOf } from './neighbours.ts'

export interface Generation {
  image: SnapshotImage
  tables: SnapshotTables
  kernel: KernelExports
  ann: AnnIndex
  live: LiveCatalogue
  arena: Arena
  nItems: number
  /** Weight of a history item by what its row came from; the page's item weighs as a view. */
  sourceWeights: Record<EventKind | 'page', number>
  /** How much each source adds, by context. */
  blend: { known: SourceWeights; session: SourceWeights }
  neighbourhoods: Neighbourhoods
  /** Names to codes; as many entries as the shop has categories and brands. */
  categoryCodes: Map<string, number>
  brandCodes: Map<string, number>
  /** Names of response curves to their positions. */
  curves: Map<string, number>
  /** Traits that audiences asked for, to their codes; -1: nobody has it. */
  traitCodes: Map<string, number>
  /** Texts of answers and rows, in the arena. */
  pieces: Pieces
  /** Filter text to its bitmap in `arena.filters`, the one that was not asked for longest first. */
  keptFilters: Map<string, KeptFilter>
}

export interface KeptFilter {
  /** Pointer of its bitmap. */
  pointer: number
  /** Of the live catalogue when it was evaluated; 0 where live columns do not enter. */
  sequence: number
}

/** Bytes to reserve behind the tensors for the live columns and `arenas` arenas. */
export function reserveBytes(segment: Segment, arenas: number): number {
  return liveCatalogueBytes(segment) + arenas * arenaBytes(arenaSize(segment))
}

function arenaSize({ items, sections }: Segment): ArenaSize {
  const rows = sections
    .filter(({ name }) => name === 'sessions' || name === 'peers')
    .flatMap(({ tensors }) => tensors.filter(({ name }) => name === 'row_indptr').map(({ shape }) => shape[0] - 1))
  return { items, rows: Math.max(0, ...rows) }
}

/** The live columns of a snapshot that was opened with `reserveBytes`. */
export function liveCatalogueOf(image: SnapshotImage): LiveCatalogue {
  return liveCatalogueAt(image.memory, image.free, image.manifest.segments[0])
}

/** Arena `index` of a snapshot that was opened with `reserveBytes` for more than `index` arenas. */
export function arenaOf(image: SnapshotImage, index: number): Arena {
  const [segment] = image.manifest.segments
  const size = arenaSize(segment)
  return arenaAt(image.memory, image.free + liveCatalogueBytes(segment) + index * arenaBytes(size), size)
}

/** Worker `arena`'s view of a snapshot that was opened with `reserveBytes` for more than `arena` arenas. */
export function openGeneration(
  image: SnapshotImage,
  arena: number,
  build: KernelBuild = 'release',
  ann: AnnIndex = openIndex(image, AnnIndex.open),
): Generation {
  const nItems = image.manifest.segments[0].items
  const tables = tablesOf(image)
  const kernel = instantiateKernel(image.memory, build)
  const scratch = arenaOf(image, arena)
  kernel.fillUntouched(scratch.accumulator.pointer, nItems)
  kernel.fillUntouched(scratch.rowSums.pointer, scratch.rowSums.view.length)
  // Whoever had it before may have died with bits set.
  scratch.seen.view.fill(0)
  scratch.allowed.view.fill(0)
  return {
    image,
    tables,
    kernel,
    ann,
    live: liveCatalogueOf(image),
    arena: scratch,
    nItems,
    sourceWeights: { ...image.manifest.model.eventWeights, page: image.manifest.model.eventWeights.view },
    blend: image.manifest.model.blend ?? { known: ROWS_ALONE, session: ROWS_ALONE },
    neighbourhoods: neighbourhoodsOf(tables, image.manifest.model, scratch),
    categoryCodes: codesOf(tables.catalogue.categoriesBytes, tables.catalogue.categoriesOffsets),
    brandCodes: codesOf(tables.catalogue.brandsBytes, tables.catalogue.brandsOffsets),
    curves: tables.response ? codesOf(tables.response.curvesBytes, tables.response.curvesOffsets) : new Map(),
    traitCodes: new Map(),
    pieces: new Pieces(scratch.pieces.view),
    keptFilters: new Map(),
  }
}

/** The vector index of a snapshot, by one of `AnnIndex`'s ways to open one. */
export function openIndex<Index>(
  { folder, manifest }: SnapshotImage,
  open: (file: string, dim: number, efSearch: number) => Index,
): Index {
  const { dim, efSearch } = manifest.model.vectors
  return open(`${folder}/items.hnsw`, dim, efSearch)
}

function codesOf(bytes: Column<'U8'>, offsets: Column<'U32'>): Map<string, number> {
  const count = offsets.view.length - 1
  return new Map(Array.from({ length: count }, (_, code) => [stringAt(bytes.view, offsets.view, code), code]))
}
