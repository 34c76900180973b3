import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { serveCommand } from '../../../cli/serve.ts'
import { ERROR_STATUS } from '../../../core/contract/errors.ts'
import { LANE_OF, LANES } from '../../../server/admission/lanes.ts'
import { SERVER_DEFAULTS } from '../../../server/config.ts'

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url))
const page = readFileSync(join(DOCS, 'overload.md'), 'utf8')

/** Cells of the rows of the table whose head begins so. */
function table(head: string): string[][] {
  const lines = page
    .slice(page.indexOf(`| ${head}`))
    .split('\n\n')[0]
    .split('\n')
    .slice(2)
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

test('the table of settings tells the options and defaults that are', () => {
  const rows = table('option of')
  expect(rows.map(([, setting]) => setting)).toContain('objectiveMs')
  const options = new Map(serveCommand().options.map((option) => [option.long, option.defaultValue]))
  for (const [option, setting, told] of rows) {
    const inForce = Object.entries(SERVER_DEFAULTS).find(([name]) => name === setting)?.[1]
    const value = setting.endsWith('Bytes') ? Number(inForce) / 1024 ** 2 : inForce
    expect([setting, told]).toEqual([setting, value === false ? 'off' : String(value)])
    expect([option, options.get(option)]).toEqual([option, value])
  }
})

test('the table of lanes names every lane', () => {
  expect(table('lane').map(([lane]) => lane)).toEqual([...LANES])
  expect(new Set(Object.values(LANE_OF))).toEqual(new Set(LANES))
})

test('every code that says "come again" is in the documentation', () => {
  const docs = readdirSync(DOCS)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(join(DOCS, name), 'utf8'))
    .join('\n')
  const codes = Object.entries(ERROR_STATUS).filter(([, status]) => status === 503)
  expect(codes.length).toBeGreaterThan(3)
  for (const [code] of codes) expect(docs).toContain(`\`${code}\``)
})
