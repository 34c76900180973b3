/** The attributes section: which items have a value, and the numbers of each item. */
import { bitmapWords } from '../../core/scoring/arena.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { readAttributes } from '../duckdb.ts'
import { type SectionTables, type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export type AttributeRows = NonNullable<Awaited<ReturnType<typeof readAttributes>>>

/** Null: the data has no attributes, and the snapshot gets no section of them. */
export async function trainAttributes({ dataset, sections }: StageContext): Promise<StageReport | null> {
  const rows = await readAttributes(dataset.folder)
  if (rows === null || rows.name.length === 0) return null
  const tables = attributeTables(rows, dataset.items)
  await writeSection(sections, 'attributes', tables)
  return {
    metrics: {
      textValues: tables.values_offsets.length - 1,
      textEntries: tables.postings_items.length,
      numberAttributes: tables.names_offsets.length - 1,
    },
  }
}

export function attributeTables(rows: AttributeRows, nItems: number): SectionTables<'attributes'> {
  return { ...textsOf(rows), ...numbersOf(rows, nItems) }
}

/** Rows come by item, so each posting list ascends. */
function textsOf({ item_index, name, value }: AttributeRows) {
  const postings = new Map<string, number[]>()
  for (let row = 0; row < name.length; row++) {
    if (value[row] === null) continue
    const key = `${name[row]}\0${value[row]}`
    const items = postings.get(key)
    if (items === undefined) postings.set(key, [item_index[row]])
    else items.push(item_index[row])
  }
  const keys = inByteOrder(postings.keys())
  const values = encodeStrings(keys)
  const ends = new Uint32Array(keys.length + 1)
  keys.forEach((key, v) => {
    ends[v + 1] = ends[v] + (postings.get(key)?.length ?? 0)
  })
  return {
    values_bytes: values.bytes,
    values_offsets: values.offsets,
    postings_indptr: ends,
    postings_items: Uint32Array.from(keys.flatMap((key) => postings.get(key) ?? [])),
  }
}

function numbersOf({ item_index, name, value, number }: AttributeRows, nItems: number) {
  const names = inByteOrder(new Set(name.filter((_, row) => value[row] === null).map((text) => text ?? '')))
  const encoded = encodeStrings(names)
  const words = bitmapWords(nItems)
  const numbers = new Float32Array(names.length * nItems)
  const known = new Uint32Array(names.length * words)
  for (let row = 0; row < name.length; row++) {
    if (value[row] !== null) continue
    const a = names.indexOf(name[row] ?? '')
    const item = item_index[row]
    numbers[a * nItems + item] = number[row]
    known[a * words + (item >> 5)] |= 1 << (item & 31)
  }
  return { names_bytes: encoded.bytes, names_offsets: encoded.offsets, numbers, numbers_known: known }
}

function inByteOrder(texts: Iterable<string>): string[] {
  return [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
