#!/usr/bin/env node
/** `npm run bench -- <what>`: each benchmark checks its answers first and prints no speed for a wrong one. */
import { Command } from 'commander'
import { tellFault } from '../cli/faults.ts'
import { addInProcessCommands } from './commands/in-process.ts'
import { addLoadCommands } from './commands/load.ts'
import { addMoneyCommands } from './commands/money.ts'
import { addServedCommands } from './commands/served.ts'
import { addSessionsCommand } from './commands/sessions.ts'

const program = new Command('bench').description('Benchmarks. Run them on a machine that does nothing else.')

addLoadCommands(program)
addServedCommands(program)
addSessionsCommand(program)
addInProcessCommands(program)
addMoneyCommands(program)

try {
  await program.parseAsync()
} catch (thrown) {
  const told = tellFault(thrown)
  if (told !== null) process.stderr.write(`${told.line}\n`)
  process.exitCode = told?.exitCode
}
