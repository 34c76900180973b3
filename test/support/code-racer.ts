/**
 * One of several processes that redeem the same codes: each tries every code under an id of its own and under one that all use,
 * sends some of it again, and tells of each id that was answered with success what the answer was.
 */
import { readFileSync } from 'node:fs'
import { Random } from '../../bench/random.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import { type LedgerRequest, Redemptions } from '../../core/store/ledger/redemptions.ts'
import { pause } from './children.ts'
import { OPEN } from './ledger.ts'

export interface RacerSetup {
  ledger: string
  codes: string
  name: string
  seed: number
  /** The first code to begin with. */
  from: number
}

/** A chunk of codes that is done: by code, the ids that had success with it, each with its distinct answers. */
export interface Raced {
  to: number
  answers: [code: number, id: string, answer: string][]
}

const CHUNK = 20
const setup = JSON.parse(process.argv[2]) as RacerSetup
const random = new Random(setup.seed)
const redemptions = new Redemptions(openLedger(setup.ledger))
const codes = readFileSync(setup.codes, 'utf8').split('\n')

async function race(from: number, to: number): Promise<void> {
  const asked: { code: number; id: string; request: LedgerRequest }[] = []
  for (let code = from; code < to; code++)
    for (const id of [`${setup.name}-${code}`, `all-${code}`]) {
      const request = { reserve: { id, code: codes[code], discountMinor: 5, time: 1, confirm: true } }
      for (let times = 1 + random.below(2); times > 0; times--) asked.push({ code, id, request })
    }
  shuffle(asked)
  const terms = new Map([['spring', OPEN]])
  const outcomes = await untilWritten(() =>
    redemptions.perform(
      asked.map(({ request }) => request),
      terms,
    ),
  )
  const answers = outcomes.flatMap((outcome, i): Raced['answers'] =>
    outcome instanceof OfferwrightError ? [] : [[asked[i].code, asked[i].id, JSON.stringify(outcome.answer)]],
  )
  await new Promise((resolve) => process.send?.({ to, answers } satisfies Raced, resolve))
  // SQLite's lock is not a queue: whoever never lets go of it starves the others.
  await pause(1 + random.below(3))
}

/** Whom others kept waiting for too long asks again, as a caller does that is answered 503. */
async function untilWritten<T>(write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error
    }
  }
}

function shuffle(all: unknown[]): void {
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[all[i], all[j]] = [all[j], all[i]]
  }
}

for (let from = setup.from; from < codes.length; from += CHUNK) await race(from, Math.min(codes.length, from + CHUNK))
process.disconnect()
