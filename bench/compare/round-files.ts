/** Rounds from a file of JSON lines: what `bench -- http --json` prints, a line for each run. */
import { readFile } from 'node:fs/promises'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { FIGURES, type RoundFigures } from './paired.ts'

export async function roundsIn(file: string): Promise<RoundFigures[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '')
  return lines.map((line, i) => roundOf(line, `${file}:${i + 1}`))
}

function roundOf(line: string, place: string): RoundFigures {
  const told = parsed(line, place)
  for (const figure of FIGURES)
    if (!Number.isFinite(told[figure])) throw refusal(`${place}: ${figure} is no number`, figure, told[figure])
  return told as RoundFigures
}

function parsed(line: string, place: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {}
  throw refusal(`${place}: not a JSON object`, 'line', line.slice(0, 80))
}

const refusal = (message: string, field: string, value: unknown) =>
  new OfferwrightError('invalid_value', message, { field, value })
