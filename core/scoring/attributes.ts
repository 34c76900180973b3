/** Look-up in a snapshot's attributes section, and of values in `traits`; values are found by binary search, so no table of strings is kept. */
import { BUILT_IN_ATTRIBUTES } from '../contract/filters.ts'
import { stringAt } from '../snapshot/strings.ts'
import type { SnapshotTables } from '../snapshot/tables.ts'

type Attributes = NonNullable<SnapshotTables['attributes']>
/** Texts `name NUL value` in byte order. */
type Values = Pick<Attributes, 'valuesBytes' | 'valuesOffsets'>

/** What a filter may ask of an attribute. */
export interface AttributeKinds {
  isText: boolean
  /** Position among the number attributes, or -1. */
  number: number
}

export function attributeKinds(t: Attributes | null, name: string): AttributeKinds {
  if (t === null) return { isText: false, number: -1 }
  const first = firstAtOrAfter(t, `${name}\0`)
  const isText = first < valueCount(t) && nameAt(t, first) === name
  return { isText, number: numberNames(t).indexOf(name) }
}

/** Position of a text value, or -1. */
export function valueIndexOf(t: Values, name: string, value: string): number {
  const wanted = `${name}\0${value}`
  const position = firstAtOrAfter(t, wanted)
  return position < valueCount(t) && stringAt(t.valuesBytes.view, t.valuesOffsets.view, position) === wanted
    ? position
    : -1
}

/** Every name that a filter may ask for. */
export function knownAttributes(t: Attributes | null): string[] {
  if (t === null) return [...BUILT_IN_ATTRIBUTES]
  const texts: string[] = []
  for (let v = 0; v < valueCount(t); v = firstAtOrAfter(t, `${texts.at(-1)}\u0001`)) texts.push(nameAt(t, v))
  return [...BUILT_IN_ATTRIBUTES, ...new Set([...texts, ...numberNames(t)])]
}

function numberNames({ namesBytes, namesOffsets }: Attributes): string[] {
  const count = namesOffsets.view.length - 1
  return Array.from({ length: count }, (_, a) => stringAt(namesBytes.view, namesOffsets.view, a))
}

function nameAt({ valuesBytes, valuesOffsets }: Attributes, position: number): string {
  return stringAt(valuesBytes.view, valuesOffsets.view, position).split('\0', 1)[0]
}

function valueCount({ valuesOffsets }: Values): number {
  return valuesOffsets.view.length - 1
}

/** Position of the first value that is not before `text` in byte order. */
function firstAtOrAfter({ valuesBytes, valuesOffsets }: Values, text: string): number {
  const wanted = Buffer.from(text)
  const { buffer, byteOffset, length } = valuesBytes.view
  const bytes = Buffer.from(buffer, byteOffset, length)
  const ends = valuesOffsets.view
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bytes.compare(wanted, 0, wanted.length, ends[middle], ends[middle + 1]) < 0) low = middle + 1
    else high = middle
  }
  return low
}
