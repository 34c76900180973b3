/**
 * Sections made outside: files that another trainer wrote, in place of those of our stages, and the one report that stands
 * in for the reports of these stages. It says which import they were made from and brings the model parameters that go
 * with them; what a replaced stage reported is not read.
 */
import { readFile, realpath } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../core/contract/errors.ts'
import { parseAs, parseJson } from '../core/contract/parse.ts'
import { SECTIONS, type SectionName } from '../core/snapshot/layout.ts'
import { ModelParameters } from '../core/snapshot/manifest.ts'
import type { StoredReport } from './sections.ts'

/** These number the rows of all the others, and an import makes them. */
const OURS: readonly SectionName[] = ['catalogue', 'shoppers']
export const OUTSIDE_SECTIONS = SECTIONS.filter((name) => !OURS.includes(name))

export interface OutsideSections {
  /** Path of each section's file. */
  files: ReadonlyMap<SectionName, string>
  report: StoredReport
}

const closed = { additionalProperties: false }
const Whole = Type.Integer({ minimum: 0 })

const OutsideReport = Type.Object(
  {
    data: Type.Object({ shop: Type.String(), watermark: Whole, items: Whole, shoppers: Whole, events: Whole }, closed),
    metrics: Type.Optional(Type.Record(Type.String(), Type.Number())),
    model: Type.Partial(ModelParameters, closed),
  },
  closed,
)
const reportCheck = Compile(OutsideReport)

/** `named`: texts `NAME=FILE`; `reportFile`: JSON. Throws with the section or the report's field. */
export async function outsideSections(named: string[], reportFile: string): Promise<OutsideSections> {
  const files = new Map<SectionName, string>()
  for (const text of named) {
    const [name, file] = splitName(text)
    if (files.has(name)) throw invalid(text, `section ${name} is named twice`)
    files.set(name, await realpath(file))
  }
  const { data, metrics, model }: Static<typeof OutsideReport> = parseAs(
    reportCheck,
    parseJson(await readFile(reportFile, 'utf8'), reportFile),
  )
  const { shop, watermark, items, shoppers, events } = data
  return {
    files,
    report: {
      stage: 'outside',
      data: { shop, watermark, items, shoppers, events },
      parameters: {},
      metrics: { ...metrics, ...Object.fromEntries([...files.keys()].map((name) => [name, 1])) },
      model,
    },
  }
}

function splitName(text: string): [SectionName, string] {
  const at = text.indexOf('=')
  const name = OUTSIDE_SECTIONS.find((section) => section === text.slice(0, at))
  if (name !== undefined && at + 1 < text.length) return [name, text.slice(at + 1)]
  throw invalid(text, `NAME=FILE, NAME one of ${OUTSIDE_SECTIONS.join(', ')}`)
}

function invalid(value: string, wanted: string): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid section: ${value} (${wanted})`, { field: 'section', value })
}
