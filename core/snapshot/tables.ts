/** The loaded tables as typed arrays over the shared memory, with the pointer the kernel takes for each. */
import { type NumericSection, OPTIONAL_SECTIONS, type OptionalSection, TENSORS } from './layout.ts'
import type { SnapshotImage } from './open.ts'
import { type DType, type TensorView, viewOf } from './tensors.ts'

export interface Column<D extends DType = DType> {
  view: TensorView<D>
  /** Bytes from the start of the memory. */
  pointer: number
}

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

type Columns<Section extends NumericSection> = {
  readonly [Name in keyof (typeof TENSORS)[Section] & string as Camel<Name>]: (typeof TENSORS)[Section][Name] extends {
    dtype: infer D extends DType
  }
    ? Column<D>
    : never
}

/**
 * `tables.catalogue.priceMinor.view[item]`, `tables.similarity.indptr.pointer`: one name per tensor of the layout. Null:
 * an optional section that the snapshot does not have.
 */
export type SnapshotTables = {
  readonly [Section in Exclude<NumericSection, OptionalSection>]: Columns<Section>
} & { readonly [Section in OptionalSection]: Columns<Section> | null }

/** Cheap: no bytes move. Every worker makes its own views of the one memory. */
export function tablesOf(image: SnapshotImage): SnapshotTables {
  const present = new Set<string>(image.manifest.segments[0].sections.map(({ name }) => name))
  const absent: readonly string[] = OPTIONAL_SECTIONS.filter((name) => !present.has(name))
  const tables = Object.keys(TENSORS).map((section) => [
    section,
    absent.includes(section) ? null : columnsOf(image, section),
  ])
  return Object.fromEntries(tables)
}

function columnsOf(image: SnapshotImage, section: string): Record<string, Column> {
  const columns: Record<string, Column> = {}
  for (const [name, place] of Object.entries(image.tensors)) {
    if (!name.startsWith(`${section}.`)) continue
    const view = viewOf(place.dtype, image.memory.buffer, place.pointer, place.length)
    columns[camel(name.slice(section.length + 1))] = { view, pointer: place.pointer }
  }
  return columns
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
