/** What commands print: progress to the standard error, the report to the standard output. */
import { wholeNumber } from '../../cli/number-options.ts'

export const say = (line: string) => process.stderr.write(`${line}\n`)

export function print<Report>(report: Report, render: (report: Report) => string, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(report) : render(report)}\n`)
}

export const sizes = (text: string) => text.split(',').map(wholeNumber)
