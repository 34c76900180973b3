import { fork } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Random } from '../../../bench/random.ts'
import { spentByCodes } from '../../../core/store/ledger/spending.ts'
import { verifyLedger } from '../../../core/store/ledger/verify.ts'
import { pause } from '../../support/children.ts'
import type { Raced, RacerSetup } from '../../support/code-racer.ts'
import { testLedger } from '../../support/ledger.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

/** Processes redeem the same codes, under ids of their own and under shared ones, again and again, and are killed on the way. */
export const doubleRedemption: Fault = {
  name: 'double-redemption',
  about: '100,000 codes that four processes redeem at once and again, 100 kills',
  never: ['doubleRedemptions', 'neverRedeemed', 'changedAnswers', 'lost', 'crashes', 'discrepancies'],
  run: raceForCodes,
}

const RACER = fileURLToPath(new URL('../../support/code-racer.js', import.meta.url))
const RACERS = 4

interface Outcome {
  /** By code: the ids that had success, each with its answers. */
  successes: Map<number, Map<string, Set<string>>>
  answered: number
  kills: number
  crashes: number
}

async function raceForCodes(run: FaultRun): Promise<Record<string, number>> {
  const count = repetitions(100_000, run)
  const ledger = await testLedger(run.seed)
  const codes = `${ledger.file}.codes`
  await writeFile(codes, (await ledger.make({ for: count })).map(({ code }) => code).join('\n'))
  const outcome: Outcome = { successes: new Map(), answered: 0, kills: 0, crashes: 0 }
  const random = new Random(run.seed)
  const kills = repetitions(25, run)
  const lives = { kills, mostCodes: Math.ceil((2 * count) / (kills + 1)) }
  const racing = Array.from({ length: RACERS }, (_, n) =>
    raceToTheEnd(`racer-${n}`, { ledger: ledger.file, codes }, random, outcome, lives),
  )
  await Promise.all(racing)
  const spent = spentByCodes(ledger.file)[0]
  const discrepancies = verifyLedger(ledger.reader).discrepancies.length
  await ledger.remove()
  const ids = [...outcome.successes.values()]
  return {
    codes: count,
    answered: outcome.answered,
    kills: outcome.kills,
    crashes: outcome.crashes,
    doubleRedemptions: ids.reduce((sum, each) => sum + each.size - 1, 0) + Math.max(0, spent.uses - count),
    neverRedeemed: count - ids.length,
    changedAnswers: ids.flatMap((each) => [...each.values()]).reduce((sum, answers) => sum + answers.size - 1, 0),
    lost: Math.max(0, ids.length - spent.uses),
    discrepancies,
  }
}

/** One process after the other: each begins where what the last one told of ends, so that it sends again what was under way. */
async function raceToTheEnd(
  name: string,
  files: { ledger: string; codes: string },
  random: Random,
  outcome: Outcome,
  { kills, mostCodes }: { kills: number; mostCodes: number },
): Promise<void> {
  let from = 0
  for (let life = 0; ; life++) {
    const setup: RacerSetup = { ...files, name, seed: random.below(2 ** 31), from }
    const lastsTo = from + random.below(mostCodes)
    const child = fork(RACER, [JSON.stringify(setup)])
    const told = new Promise<void>((resolve) =>
      child.on('message', ({ to, answers }: Raced) => {
        from = to
        for (const [code, id, answer] of answers) note(outcome, code, id, answer)
        if (to > lastsTo) resolve()
      }),
    )
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    if (life === kills) {
      if ((await exit) !== 0) outcome.crashes++
      return
    }
    await Promise.race([told, exit])
    await pause(random.below(40))
    child.kill('SIGKILL')
    const exitCode = await exit
    if (exitCode === null) outcome.kills++
    else if (exitCode === 0) return
    else outcome.crashes++
  }
}

function note(outcome: Outcome, code: number, id: string, answer: string): void {
  outcome.answered++
  const ids = outcome.successes.get(code) ?? new Map<string, Set<string>>()
  outcome.successes.set(code, ids)
  ids.set(id, (ids.get(id) ?? new Set()).add(answer))
}
