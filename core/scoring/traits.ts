/**
 * What is known of a shopper: what the merchant told at import, and what the request says. Nothing is decoded: a trait that
 * a campaign asks for is looked up once, and then its code is sought in the shopper's ascending row.
 */
import { valueIndexOf } from './attributes.ts'
import type { Generation } from './generation.ts'

/** `trait` is `name=value`, `shopper` -1 where nobody of the snapshot is meant, `told` the traits of the request. */
export function hasTrait(g: Generation, shopper: number, told: string[] | undefined, trait: string): boolean {
  return told?.includes(trait) === true || isKnown(g, shopper, trait)
}

function isKnown(g: Generation, shopper: number, trait: string): boolean {
  const t = g.tables.traits
  if (t === null || shopper < 0) return false
  const code = traitCodeOf(g, trait)
  if (code < 0) return false
  const end = t.indptr.view[shopper + 1]
  for (let i = t.indptr.view[shopper]; i < end && t.codes.view[i] <= code; i++)
    if (t.codes.view[i] === code) return true
  return false
}

/** Of `name=value`; -1 where no shopper has it. Only audiences ask, so as many codes are remembered as campaigns name traits. */
export function traitCodeOf(g: Generation, trait: string): number {
  const t = g.tables.traits
  if (t === null) return -1
  const known = g.traitCodes.get(trait)
  if (known !== undefined) return known
  const at = trait.indexOf('=')
  const code = valueIndexOf(t, trait.slice(0, at), trait.slice(at + 1))
  g.traitCodes.set(trait, code)
  return code
}
