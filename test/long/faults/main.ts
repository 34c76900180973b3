/** Runs faults by name, all of them without one, and prints what was counted. Exit code 1: a promise was broken. */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { decimal, wholeNumber } from '../../../cli/number-options.ts'
import { badSnapshots } from './bad-snapshots.ts'
import { clockJumps } from './clock-jumps.ts'
import { disk } from './disk.ts'
import { doubleRedemption } from './double-redemption.ts'
import { eventLoad } from './event-load.ts'
import type { Fault } from './fault.ts'
import { kills } from './kills.ts'
import { logMutations } from './log-mutations.ts'
import { overspend } from './overspend.ts'
import { powerCuts } from './power-cuts.ts'
import { publishing } from './publishing.ts'
import { rawFuzz } from './raw-fuzz.ts'
import { snapshotMutations } from './snapshot-mutations.ts'
import { swaps } from './swaps.ts'
import { workerKills } from './worker-kills.ts'

const FAULTS: Fault[] = [
  kills,
  powerCuts,
  disk,
  logMutations,
  overspend,
  doubleRedemption,
  clockJumps,
  snapshotMutations,
  badSnapshots,
  publishing,
  swaps,
  eventLoad,
  workerKills,
  rawFuzz,
]

interface FaultOptions {
  scale: number
  seed: number
  json: boolean
}

export async function countFaults(args: string[]): Promise<number> {
  let failures = 0
  const program = new Command('faults')
    .description('Makes things go wrong, for real, and counts what was lost, doubled or refused.')
    .argument('[names...]', 'which, or how their names end, such as mutations; all without a name', collect, [])
    .option('--scale <share>', 'of the full number of repetitions', scaleOf, 1)
    .option('--seed <n>', 'of all chance', wholeNumber, 1)
    .option('--json', 'one line of JSON a fault', false)
    .addHelpText('after', `\n${FAULTS.map(({ name, about }) => `${name.padEnd(20)}${about}`).join('\n')}`)
    .exitOverride()
    .action(async (names: Fault[], options: FaultOptions) => {
      for (const fault of names.length > 0 ? names : FAULTS) failures += await count(fault, options)
    })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
  return failures > 0 ? 1 : 0
}

async function count(fault: Fault, { scale, seed, json }: FaultOptions): Promise<number> {
  const say = (line: string) => process.stderr.write(`${fault.name}: ${line}\n`)
  const counts = await fault.run({ scale, seed, say })
  const broken = fault.never.filter((name) => counts[name] !== 0)
  const text = Object.entries(counts).map(([name, value]) => `${name} ${value}`)
  const report = json
    ? JSON.stringify({ fault: fault.name, seed, scale, ...counts })
    : `${fault.name} (seed ${seed}, scale ${scale}): ${text.join(', ')}${broken.length > 0 ? ` — BROKEN: ${broken.join(', ')}` : ''}`
  process.stdout.write(`${report}\n`)
  return broken.length
}

function collect(name: string, before: Fault[]): Fault[] {
  const named = FAULTS.filter((one) => one.name === name || one.name.endsWith(`-${name}`))
  if (named.length === 0) throw new InvalidArgumentError(`One of ${FAULTS.map((one) => one.name).join(', ')}.`)
  return [...before, ...named]
}

function scaleOf(text: string): number {
  const scale = decimal(text)
  if (!(scale > 0 && scale <= 100)) throw new InvalidArgumentError('A number over 0 such as 0.01.')
  return scale
}
