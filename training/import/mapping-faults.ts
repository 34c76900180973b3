/** Everything that is wrong with a mapping, at once: what its schema finds, then what only several fields together show. */
import type { TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { ATTRIBUTE_NAME, BUILT_IN_ATTRIBUTES, MAX_ATTRIBUTES, TRAIT_NAME } from '../../core/contract/filters.ts'
import { minorDigits } from '../../core/contract/money.ts'
import { schemaFaults } from '../../core/contract/parse.ts'
import type { Attribute, EventSource, Mapping, Rule } from './mapping.ts'
import { rulesOf } from './rules.ts'

const MAX_FAULTS = 100

/** Empty when the mapping holds. Each fault names its field, its value and the remedy. */
export function mappingFaults(validator: Validator<Record<never, never>, TSchema>, value: unknown): Fault[] {
  const faults = validator.Check(value)
    ? sensibilityFaults(value as Mapping)
    : schemaFaults(allErrors(validator, value), value)
  return faults.map((fault) => ({
    ...fault,
    code: 'invalid_mapping',
    message: `${fault.field ?? 'mapping'}: ${fault.message}`,
  }))
}

/** TypeBox stops after a handful of errors, which bounds a request's cost; a mapping's author wants them all. */
function allErrors(validator: Validator<Record<never, never>, TSchema>, value: unknown) {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: MAX_FAULTS })
  try {
    return validator.Errors(value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

function sensibilityFaults(mapping: Mapping): Fault[] {
  return [
    ...currencyFaults(mapping),
    ...mapping.events.flatMap((source, i) => sourceFaults(source, `events[${i}]`, mapping.items !== undefined)),
    ...itemAttributeFaults(mapping.items?.attributes),
    ...traitFaults(mapping.shoppers?.attributes),
    ...priceFaults(mapping),
  ]
}

function currencyFaults({ currency }: Mapping): Fault[] {
  try {
    minorDigits(currency)
    return []
  } catch (error) {
    if (error instanceof OfferwrightError) return [invalid('currency', currency, error.message)]
    throw error
  }
}

function sourceFaults(source: EventSource, field: string, hasItemFile: boolean): Fault[] {
  return [
    ...kindFaults(source, field),
    ...zoneFaults(source, field),
    ...amountFaults(source, field),
    ...rulesOf(source).flatMap((placed) => ruleFaults(placed.rule, `${field}.${placed.field}`)),
    ...(hasItemFile ? catalogueColumnFaults(source, field) : []),
  ]
}

function kindFaults({ kind, kinds, columns }: EventSource, field: string): Fault[] {
  const faults: Fault[] = []
  if ((kind === undefined) === (columns.kind === undefined))
    faults.push(
      invalid(
        `${field}.kind`,
        kind,
        `give either kind (one of ${EVENT_KINDS.join(', ')}) or columns.kind, and not both`,
      ),
    )
  if (kinds !== undefined && columns.kind === undefined)
    faults.push(invalid(`${field}.kinds`, kinds, 'needs columns.kind, the column whose values it translates'))
  return faults
}

function zoneFaults({ time }: EventSource, field: string): Fault[] {
  const zone = time?.zone
  if (zone === undefined || isZone(zone)) return []
  return [invalid(`${field}.time.zone`, zone, `unknown time zone: ${zone} (an IANA name such as Europe/London)`)]
}

function isZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

function amountFaults({ columns, weighed }: EventSource, field: string): Fault[] {
  const faults = (['total', 'discount'] as const).flatMap((role) =>
    repeatedColumns(columns[role], `${field}.columns.${role}`),
  )
  if (columns.total !== undefined && columns.price !== undefined)
    faults.push(
      invalid(`${field}.columns.total`, columns.total, 'give either columns.price or columns.total, not both'),
    )
  if (weighed === undefined) return faults
  if (columns.total === undefined)
    faults.push(invalid(`${field}.weighed`, weighed, 'needs columns.total, from which a weighed line has its price'))
  if (columns.quantity === undefined)
    faults.push(invalid(`${field}.weighed`, weighed, 'needs columns.quantity, the column that holds the weight'))
  return faults
}

function repeatedColumns(names: string | string[] = [], field: string): Fault[] {
  if (typeof names === 'string') return []
  return names
    .filter((name, i) => names.indexOf(name) < i)
    .map((name) => invalid(field, name, `names the column ${name} twice, which would add it twice: name it once`))
}

const TESTS = ['equals', 'oneOf', 'startsWith', 'matches'] as const

function ruleFaults(rule: Rule, field: string): Fault[] {
  const given = TESTS.filter((test) => rule[test] !== undefined)
  return given.length === 1 ? [] : [invalid(field, rule, `give exactly one of ${TESTS.join(', ')} beside column`)]
}

function catalogueColumnFaults({ columns }: EventSource, field: string): Fault[] {
  return (['title', 'category', 'brand'] as const)
    .filter((name) => columns[name] !== undefined)
    .map((name) =>
      invalid(`${field}.columns.${name}`, columns[name], `belongs to items.columns, because items has a file`),
    )
}

type Attributes = Record<string, Attribute>

function itemAttributeFaults(attributes: Attributes = {}): Fault[] {
  return attributeFaults(attributes, 'items.attributes', (field, name) => {
    if (BUILT_IN_ATTRIBUTES.some((builtIn) => builtIn === name))
      return [invalid(field, name, `${name} is an attribute already: map it in items.columns`)]
    if (new RegExp(ATTRIBUTE_NAME).test(name)) return []
    return [invalid(field, name, 'a name has 1 to 64 characters, none of them | or a control character')]
  })
}

/** A campaign names a trait `name=value`, which must be read in one way only. */
function traitFaults(attributes: Attributes = {}): Fault[] {
  return attributeFaults(attributes, 'shoppers.attributes', (field, name) => {
    if (new RegExp(TRAIT_NAME).test(name)) return []
    return [invalid(field, name, 'a name has 1 to 64 characters, none of them =, | or a control character')]
  })
}

function attributeFaults(attributes: Attributes, list: string, nameFaults: (field: string, name: string) => Fault[]) {
  const names = Object.keys(attributes)
  const faults = names.flatMap((name) => {
    const field = `${list}.${name}`
    const wrong = nameFaults(field, name)
    const { type, separator } = attributes[name]
    return wrong.length === 0 && type === 'number' && separator !== undefined
      ? [invalid(`${field}.separator`, separator, 'belongs to a text: there is one number of a name')]
      : wrong
  })
  const tooMany = names.length > MAX_ATTRIBUTES
  return tooMany ? [...faults, invalid(list, names.length, `at most ${MAX_ATTRIBUTES}`)] : faults
}

function priceFaults({ items, events, assumedPriceMinor }: Mapping): Fault[] {
  if (
    assumedPriceMinor !== undefined ||
    items?.columns.price !== undefined ||
    events.some(({ columns }) => columns.price !== undefined || columns.total !== undefined)
  )
    return []
  return [
    invalid(
      'items.columns.price',
      undefined,
      'no price anywhere: map a price column of the items, a price or total column of the events, or give assumedPriceMinor',
    ),
  ]
}

function invalid(field: string, value: unknown, message: string): Fault {
  return { code: 'invalid_mapping', field, message, ...(value === undefined ? {} : { value }) }
}
