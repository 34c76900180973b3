/**
 * The `offerwright` program. A command's module is loaded when it is called, so that `--help` answers at once
 * and also where a native library does not load.
 */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { EXIT, tellFault } from './faults.ts'

interface Entry {
  name: string
  summary: string
  load: () => Promise<Command>
}

const COMMANDS: Entry[] = [
  {
    name: 'start',
    summary: 'make a demo shop, train on it and serve it',
    load: async () => (await import('./start.ts')).startCommand(),
  },
  {
    name: 'demo',
    summary: 'make a demo shop whose truth is known',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  {
    name: 'import',
    summary: "read a shop's files, check every row, report on the data's quality",
    load: async () => (await import('./import.ts')).importCommand(),
  },
  {
    name: 'train',
    summary: 'learn from the imported data, stage by stage',
    load: async () => (await import('./train.ts')).trainCommand(),
  },
  {
    name: 'publish',
    summary: 'publish the trained sections as a snapshot',
    load: async () => (await import('./publish.ts')).publishCommand(),
  },
  {
    name: 'serve',
    summary: 'answer decisions over HTTP',
    load: async () => (await import('./serve.ts')).serveCommand(),
  },
  {
    name: 'evaluate',
    summary: 'measure models on data they did not learn from',
    load: async () => (await import('./evaluate.ts')).evaluateCommand(),
  },
  {
    name: 'snapshot',
    summary: 'list, inspect, verify, activate, keep, delete and roll back snapshots',
    load: async () => (await import('./snapshot.ts')).snapshotCommand(),
  },
  {
    name: 'erase',
    summary: 'take a shopper out of logs, imported data and snapshots to come',
    load: async () => (await import('./erase.ts')).eraseCommand(),
  },
  {
    name: 'decide',
    summary: 'make a decision from a snapshot, without a server',
    load: async () => (await import('./decide.ts')).decideCommand(),
  },
  {
    name: 'quote',
    summary: 'price a cart under the campaigns as they stand',
    load: async () => (await import('./quote.ts')).quoteCommand(),
  },
  {
    name: 'campaigns',
    summary: 'check a campaign file, list the campaigns and what is left of them, make codes that are good once',
    load: async () => (await import('./campaigns.ts')).campaignsCommand(),
  },
  {
    name: 'ledger',
    summary: 'prove that the books of budgets and codes are right, and show what lies where',
    load: async () => (await import('./ledger.ts')).ledgerCommand(),
  },
  {
    name: 'prices',
    summary: 'the most profitable price of each item, or a markdown plan for the stock of one',
    load: async () => (await import('./prices.ts')).pricesCommand(),
  },
  {
    name: 'simulate',
    summary: "measure the snapshot's offers against the demo shop's known truth",
    load: async () => (await import('./simulate.ts')).simulateCommand(),
  },
]

/** Runs one command line (without `node` and the script) to its end; answers the exit code. */
export async function runCli(argv: string[]): Promise<number> {
  process.stdout.on('error', endQuietlyOnClosedPipe)
  try {
    const program = await programFor(argv)
    await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? EXIT.done)
  } catch (thrown) {
    const told = tellFault(thrown)
    if (told?.line) process.stderr.write(`${told.line}\n`)
    return told?.exitCode ?? EXIT.done
  }
}

async function programFor(argv: string[]): Promise<Command> {
  const program = new Command('offerwright')
    .description(
      'Decides which items to show to each shopper of an online shop, and which promotion to give with each.',
    )
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .addHelpText(
      'after',
      '\nExamples:\n  $ offerwright start\n  $ offerwright decide --shopper s-1 --slots 5 --explain',
    )
    .exitOverride()
  const called = calledCommand(argv)
  for (const { name, summary, load } of COMMANDS) {
    const command = name === called ? await load() : new Command(name).description(summary)
    program.addCommand(inherit(command, program))
  }
  return program
}

function oneLine(text: string): string {
  return `${text
    .trim()
    .replace(/^error: /, 'error usage: ')
    .replaceAll('\n', ' ')}\n`
}

/** `train` of `train --seed 1`, of `help train` and of `train --help`. */
function calledCommand(argv: string[]): string | undefined {
  const [first, second] = argv.filter((word) => !word.startsWith('-'))
  return first === 'help' ? second : first
}

/** Errors and exits are the program's own for every command, however deep. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program)
  for (const sub of command.commands) inherit(sub, program)
  return command
}

/** `offerwright decide … | head` closes the pipe early; that is no fault. */
function endQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.done)
  throw error
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
