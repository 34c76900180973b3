/** What the commands under `offerwright snapshot` share: the shop they work on, and text or JSON as output. */
import { Command } from 'commander'
import { type HomeOptions, withHome } from './home.ts'

export interface OutputOptions extends HomeOptions {
  json?: boolean
}

export function leaf(name: string, summary: string, example: string): Command {
  return withHome(new Command(name).description(summary))
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  $ ${example}`)
}

export function print(options: OutputOptions, value: unknown, lines: string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${lines.join('\n')}\n`)
}
