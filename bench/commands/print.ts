/** What commands take and print: progress to the standard error, the report to the standard output. */
import { InvalidArgumentError } from 'commander'
import { positive, wholeNumber } from '../../cli/number-options.ts'
import { MAX_DIM } from '../../core/snapshot/manifest.ts'

export const say = (line: string) => process.stderr.write(`${line}\n`)

export function print<Report>(report: Report, render: (report: Report) => string, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(report) : render(report)}\n`)
}

export const counts = (text: string) => text.split(',').map(wholeNumber)

export const ascending = (text: string) =>
  text
    .split(',')
    .map(positive)
    .toSorted((a, b) => a - b)

export function dimensions(text: string): number {
  const value = positive(text)
  if (value > MAX_DIM) throw new InvalidArgumentError(`At most ${MAX_DIM}.`)
  return value
}
