/** What is known of a shopper: what the merchant told at import, and what the request says. */
import type { Generation } from './generation.ts'

const NONE: ReadonlySet<string> = new Set()

/** As `name=value`. */
export function traitsOf(_g: Generation, _shopper: number, asked: string[] | undefined): ReadonlySet<string> {
  return asked === undefined ? NONE : new Set(asked)
}
