/** From untrusted text to typed values: one parser for every JSON door, with stable codes, the field and its value. */
import type { TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import { type ErrorCode, type Fault, jsonText, OfferwrightError } from './errors.ts'

/** What a compiled TypeBox schema reports, as far as it is read here. */
interface SchemaError {
  keyword: string
  instancePath: string
  params: object
  message: string
}

/** Parses JSON text. Throws `invalid_json` with the parser's message. */
export function parseJson(text: string, field?: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new OfferwrightError('invalid_json', `invalid JSON: ${(error as Error).message}`, { field })
  }
}

/** Returns `value` when it fits the schema, else throws its first fault. */
export function parseAs<T>(validator: Validator<Record<never, never>, TSchema>, value: unknown): T {
  if (validator.Check(value)) return value as T
  const fault = schemaFaults(validator.Errors(value), value)[0]
  throw new OfferwrightError(fault.code, fault.message, fault)
}

/** Every fault a compiled schema finds, one for each field, in the order of the fields. */
export function schemaFaults(errors: Iterable<SchemaError>, value: unknown): Fault[] {
  const faults = new Map<string, Fault>()
  for (const error of errors) {
    for (const fault of faultsOf(error, value)) {
      const field = fault.field ?? ''
      if (!faults.has(field)) faults.set(field, fault)
    }
  }
  return [...faults.values()]
}

function faultsOf(error: SchemaError, root: unknown): Fault[] {
  const params = error.params as { additionalProperties?: string[]; requiredProperties?: string[]; type?: unknown }
  const at = error.instancePath
  if (error.keyword === 'additionalProperties')
    return (params.additionalProperties ?? []).map((name) =>
      fault('unknown_field', `${at}/${name}`, `unknown field: ${name}`, valueAt(root, `${at}/${name}`)),
    )
  if (error.keyword === 'required')
    return (params.requiredProperties ?? []).map((name) =>
      fault('missing_field', `${at}/${name}`, `missing field: ${name}`),
    )
  // `boolean` and `anyOf` only repeat what another error of the same field tells.
  if (error.keyword === 'boolean' || error.keyword === 'anyOf') return []
  const value = valueAt(root, at)
  const code: ErrorCode = error.keyword === 'type' ? 'invalid_type' : 'invalid_value'
  const name = fieldName(at) || 'body'
  return [fault(code, at, `invalid ${name}: ${preview(value)} (${error.message})`, value)]
}

function fault(code: ErrorCode, path: string, message: string, value?: unknown): Fault {
  return { code, message, field: fieldName(path), ...(value === undefined ? {} : { value }) }
}

/** `/cart/2/quantity` → `cart[2].quantity`. */
function fieldName(path: string): string {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : name ? `${name}.${part}` : part), '')
}

function valueAt(root: unknown, path: string): unknown {
  let value = root
  for (const part of path.split('/').slice(1)) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value
}

function preview(value: unknown): string {
  const text = jsonText(value) ?? 'undefined'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Milliseconds since 1970 of an integer or an ISO 8601 text with offset. Throws `invalid_value`. */
export function parseInstant(instant: number | string, field: string): number {
  if (typeof instant === 'number') return instant
  const time = /(?:Z|[+-]\d\d:\d\d)$/.test(instant) ? Date.parse(instant) : Number.NaN
  if (Number.isNaN(time) || time < 0)
    throw new OfferwrightError(
      'invalid_value',
      `invalid ${field}: ${instant} (ISO 8601 with an offset, or milliseconds)`,
      {
        field,
        value: instant,
      },
    )
  return time
}
