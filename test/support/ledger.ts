/** A ledger of its own for a test, with codes whose chance is seeded. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../bench/random.ts'
import { type CodeOrder, type MadeCode, makeCodes } from '../../core/store/ledger/codes.ts'
import { type Ledger, type LedgerReader, openLedger, openLedgerToRead } from '../../core/store/ledger/database.ts'
import { NOTHING, type RedemptionTerms } from '../../core/store/ledger/guards.ts'

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
  ledger: Ledger
  reader: LedgerReader
  make(order: Partial<CodeOrder>): Promise<MadeCode[]>
  remove(): Promise<void>
}

export async function testLedger(seed = 1): Promise<TestLedger> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-ledger-'))
  const file = join(folder, 'ledger.sqlite')
  const ledger = openLedger(file)
  const reader = openLedgerToRead(file) as LedgerReader
  const random = new Random(seed)
  return {
    file,
    ledger,
    reader,
    make: async (order) => {
      const whole = { campaign: 'spring', prefix: '', length: 12, expiresAt: null, for: 1, ...order }
      const made: MadeCode[] = []
      for await (const chunk of makeCodes(ledger, whole, (below) => random.below(below), 0)) made.push(...chunk)
      return made
    },
    remove: async () => {
      reader.close()
      ledger.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
