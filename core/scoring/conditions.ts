/**
 * Evaluates the expression of a filter over the whole catalogue, as bitmaps: a leaf is a union of postings, of codes or a
 * range of numbers; `and`, `or` and `not` are one kernel call a part. An item without an attribute meets no leaf about it,
 * and so every `not` of one. Each level of the expression has a bitmap of its own in the arena.
 */
import { OfferwrightError } from '../contract/errors.ts'
import { BUILT_IN_ATTRIBUTES, type Condition } from '../contract/filters.ts'
import { bitmapWords } from './arena.ts'
import { attributeKinds, knownAttributes, valueIndexOf } from './attributes.ts'
import type { Generation } from './generation.ts'

type In = Extract<Condition, { in: string[] }>
type Range = Exclude<Condition, { and: unknown } | { or: unknown } | { not: unknown } | { in: unknown }>

const MAX_I32 = 2_147_483_647

/** Throws `unknown_attribute`, or `invalid_value` where a text is asked for a range or a number for values. */
export function refuseUnknownAttributes(g: Generation, node: Condition, field: string): void {
  if ('not' in node) refuseUnknownAttributes(g, node.not, `${field}.not`)
  else if ('and' in node || 'or' in node) {
    const [name, parts] = Object.entries(node)[0] as [string, Condition[]]
    parts.forEach((part, i) => {
      refuseUnknownAttributes(g, part, `${field}.${name}[${i}]`)
    })
  } else refuseUnknownAttribute(g, node.attribute, 'in' in node, `${field}.attribute`)
}

/** Whether every attribute of an expression is known, and of the kind that is asked for. */
export function knowsAttributes(g: Generation, node: Condition): boolean {
  if ('not' in node) return knowsAttributes(g, node.not)
  if ('and' in node) return node.and.every((part) => knowsAttributes(g, part))
  if ('or' in node) return node.or.every((part) => knowsAttributes(g, part))
  const { hasText, hasNumber } = kindsOf(g, node.attribute)
  return 'in' in node ? hasText : hasNumber
}

function kindsOf(g: Generation, name: string): { hasText: boolean; hasNumber: boolean } {
  const builtIn = BUILT_IN_ATTRIBUTES.some((known) => known === name)
  const { isText, number } = attributeKinds(g.tables.attributes, name)
  return { hasText: builtIn ? name !== 'price' : isText, hasNumber: builtIn ? name === 'price' : number >= 0 }
}

function refuseUnknownAttribute(g: Generation, name: string, asksValues: boolean, field: string): void {
  const { hasText, hasNumber } = kindsOf(g, name)
  if (!hasText && !hasNumber) {
    const known = knownAttributes(g.tables.attributes).join(', ')
    throw new OfferwrightError('unknown_attribute', `unknown attribute: ${name} (known: ${known})`, {
      field,
      value: name,
    })
  }
  if (asksValues ? hasText : hasNumber) return
  const remedy = hasText ? 'it is a text: ask with in' : 'it is a number: ask with min, max or both'
  throw new OfferwrightError('invalid_value', `invalid ${field}: ${name} (${remedy})`, { field, value: name })
}

/** Whether the answer changes with live prices. */
export function asksPrice(node: Condition): boolean {
  if ('not' in node) return asksPrice(node.not)
  if ('and' in node) return node.and.some(asksPrice)
  if ('or' in node) return node.or.some(asksPrice)
  return node.attribute === 'price'
}

/** The items that meet an expression, in memory of its own; none where it asks for what this snapshot does not know. */
export function itemsMeeting(g: Generation, where: Condition): Uint32Array {
  const { allowed } = g.arena
  const words = bitmapWords(g.nItems)
  if (!knowsAttributes(g, where)) return new Uint32Array(words)
  evaluate(g, where, allowed.pointer)
  return allowed.view.slice(0, words)
}

/** `level`: which of the arena's bitmaps is free for a part. Names are known. */
export function evaluate(g: Generation, node: Condition, out: number, level = 0): void {
  if ('not' in node) {
    evaluate(g, node.not, out, level)
    g.kernel.bitmapNot(out, g.nItems, out)
  } else if ('and' in node) combine(g, node.and, g.kernel.bitmapAnd, out, level)
  else if ('or' in node) combine(g, node.or, g.kernel.bitmapOr, out, level)
  else if ('in' in node) evaluateIn(g, node, out)
  else evaluateRange(g, node, out)
}

type Join = Generation['kernel']['bitmapAnd']

function combine(g: Generation, [first, ...rest]: Condition[], join: Join, out: number, level: number): void {
  const words = bitmapWords(g.nItems)
  const part = g.arena.conditions.pointer + 4 * words * level
  evaluate(g, first, out, level)
  for (const condition of rest) {
    evaluate(g, condition, part, level + 1)
    join(out, part, out, words)
  }
}

function evaluateIn(g: Generation, node: In, out: number): void {
  const { category, brand } = g.tables.catalogue
  if (node.attribute === 'category') withCodes(g, category.pointer, g.categoryCodes, node.in, out)
  else if (node.attribute === 'brand') withCodes(g, brand.pointer, g.brandCodes, node.in, out)
  else withValues(g, node, out)
}

/** Items whose code is that of one of the names. */
function withCodes(g: Generation, codes: number, known: Map<string, number>, names: string[], out: number): void {
  itemsWithCodes(g, codes, known.size, codesOf(known, names), out)
}

/** By name; -1 is nobody's. */
export function codesOf(known: Map<string, number>, names: string[]): number[] {
  return names.map((name) => known.get(name) ?? -1)
}

/** Items whose code is one of the wanted ones. */
export function itemsWithCodes(
  g: Generation,
  codes: number,
  nCodes: number,
  asked: Iterable<number>,
  out: number,
): void {
  const { wanted } = g.arena
  wantCodes(wanted.view, nCodes, asked)
  g.kernel.bitmapFromCodes(codes, g.nItems, wanted.pointer, nCodes, out)
}

/** Makes `wanted` the bitmap, of `nCodes` bits, of codes. */
export function wantCodes(wanted: Uint32Array, nCodes: number, codes: Iterable<number>): void {
  wanted.fill(0, 0, bitmapWords(nCodes))
  for (const code of codes) if (code >= 0) wanted[code >> 5] |= 1 << (code & 31)
}

function withValues(g: Generation, { attribute, in: values }: In, out: number): void {
  const t = g.tables.attributes
  new Uint32Array(g.image.memory.buffer, out, bitmapWords(g.nItems)).fill(0)
  if (t === null) return
  for (const value of values) {
    const v = valueIndexOf(t, attribute, value)
    if (v < 0) continue
    const from = t.postingsIndptr.view[v]
    const count = t.postingsIndptr.view[v + 1] - from
    g.kernel.bitmapAdd(t.postingsItems.pointer + 4 * from, count, g.nItems, out)
  }
}

/** Prices are live and whole; every other number is kept in single precision, and so are its bounds. */
function evaluateRange(g: Generation, { attribute, min = -3e38, max = 3e38 }: Range, out: number): void {
  if (attribute === 'price') {
    withPrice(g, min, max, out)
    return
  }
  const t = g.tables.attributes
  const a = attributeKinds(t, attribute).number
  if (t === null || a < 0) return
  const words = bitmapWords(g.nItems)
  g.kernel.bitmapFromNumbers(t.numbers.pointer + 4 * a * g.nItems, g.nItems, min, max, out)
  g.kernel.bitmapAnd(out, t.numbersKnown.pointer + 4 * a * words, out, words)
}

/** Items whose live price lies in the range, in minor units. */
function withPrice(g: Generation, min: number, max: number, out: number): void {
  const within = (bound: number) => Math.min(MAX_I32, Math.max(-MAX_I32, bound))
  g.kernel.bitmapFromRange(g.live.priceMinor.byteOffset, g.nItems, within(Math.ceil(min)), within(Math.floor(max)), out)
}
