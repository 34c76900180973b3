/**
 * Checks the expression of a filter, node by node: each node is told for its own form, as a union of forms would not, and
 * the limits hold before anything is as deep as the stack.
 */
import { Compile } from 'typebox/compile'
import { type Fault, OfferwrightError } from './errors.ts'
import { CONDITION_FORMS, type Condition, FILTER_LIMITS } from './filters.ts'
import { schemaFaults } from './parse.ts'

const FORMS = {
  and: Compile(CONDITION_FORMS.and),
  or: Compile(CONDITION_FORMS.or),
  not: Compile(CONDITION_FORMS.not),
  in: Compile(CONDITION_FORMS.in),
  range: Compile(CONDITION_FORMS.range),
}

/** Throws for the first fault, with its field and value. */
export function checkCondition(value: unknown, field: string): asserts value is Condition {
  const counted = { nodes: 0, values: 0 }
  const check = (node: unknown, at: string, depth: number): void => {
    if (depth > FILTER_LIMITS.depth) throw invalid(at, node, `at most ${FILTER_LIMITS.depth} levels`)
    if (++counted.nodes > FILTER_LIMITS.nodes) throw invalid(at, node, `at most ${FILTER_LIMITS.nodes} nodes in all`)
    const form = formOf(node)
    if (form === null)
      throw invalid(at, node, 'one of and, or, not, or an attribute with in, or with min, max or both of them')
    if (!FORMS[form].Check(node)) throw placed(schemaFaults(FORMS[form].Errors(node), node)[0], at)
    const known = node as { and: unknown[]; or: unknown[]; not: unknown; in: string[] }
    if (form === 'and' || form === 'or')
      known[form].forEach((part, i) => {
        check(part, `${at}.${form}[${i}]`, depth + 1)
      })
    if (form === 'not') check(known.not, `${at}.not`, depth + 1)
    if (form === 'in') counted.values += known.in.length
    if (counted.values > FILTER_LIMITS.valuesInAll)
      throw invalid(at, node, `at most ${FILTER_LIMITS.valuesInAll} values in all`)
  }
  check(value, field, 1)
}

/** The form that a node means to have, by the first key that only one form knows. */
function formOf(node: unknown): keyof typeof FORMS | null {
  if (typeof node !== 'object' || node === null) return null
  if ('and' in node) return 'and'
  if ('or' in node) return 'or'
  if ('not' in node) return 'not'
  if ('in' in node) return 'in'
  return 'min' in node || 'max' in node ? 'range' : null
}

function placed(fault: Fault, at: string): OfferwrightError {
  const message = `${at}: ${fault.message}`
  return new OfferwrightError(fault.code, message, { ...fault, field: fault.field ? `${at}.${fault.field}` : at })
}

function invalid(field: string, value: unknown, wanted: string): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field} (${wanted})`, { field, value })
}
