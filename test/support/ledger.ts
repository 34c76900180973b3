/** A ledger of its own for a test, with codes whose chance is seeded. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../bench/random.ts'
import { type CodeOrder, type MadeCode, makeCodes } from '../../core/store/ledger/codes.ts'
import { type Database, openLedger } from '../../core/store/ledger/database.ts'
import { NOTHING, type RedemptionTerms } from '../../core/store/ledger/redemptions.ts'

export const OPEN: RedemptionTerms = {
  isLive: true,
  startsAt: 0,
  endsAt: 2_000_000_000_000,
  budgetMinor: null,
  uses: null,
  usesOfShopper: null,
  heldBack: NOTHING,
}

export interface TestLedger {
  file: string
  database: Database
  make(order: Partial<CodeOrder>): MadeCode[]
  remove(): Promise<void>
}

export async function testLedger(seed = 1): Promise<TestLedger> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-ledger-'))
  const file = join(folder, 'ledger.sqlite')
  const database = openLedger(file)
  const random = new Random(seed)
  return {
    file,
    database,
    make: (order) => {
      const whole = { campaign: 'spring', prefix: '', length: 12, expiresAt: null, for: 1, ...order }
      return [...makeCodes(database, whole, (below) => random.below(below), 0)].flat()
    },
    remove: async () => {
      database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
