/**
 * A server as far as shared budgets go, a process of its own: it claims amounts from its leases and tells which claims the
 * ledger has booked. Talks over IPC; the limits to claim from come from the parent.
 */
import { Random } from '../../bench/random.ts'
import { BudgetView, budgetMemory, machineTime } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import { Leases, type LeaseTerms } from '../../core/store/ledger/leases.ts'
import { type LeasedLimit, LeaseKeeper } from '../../server/ledger/lease-keeper.ts'

/** What the ledger has booked of this server's claims, by campaign. */
export interface Booked {
  booked: Record<string, number>
}

export interface HolderSetup {
  ledger: string
  name: string
  seed: number
  terms: LeaseTerms
}

const setup = JSON.parse(process.argv[2]) as HolderSetup
const random = new Random(setup.seed)
const leases = new Leases(openLedger(setup.ledger), setup.terms)
const MOST_CLAIM = 40
let limits: LeasedLimit[] = []
process.on('message', (told: LeasedLimit[]) => {
  limits = told
})

/** One life: ends with its lease, and with it all claims that were not booked. */
async function live(): Promise<void> {
  const budgets = new BudgetLedger(budgetMemory())
  const view = new BudgetView(budgets.memory)
  let isLost = false
  const keeper = new LeaseKeeper({
    holder: setup.name,
    budgets,
    limits: () => limits,
    renew: (renewal) => leases.renew(renewal),
    onUncovered: () => undefined,
    onLost: () => {
      isLost = true
    },
  })
  while (!isLost && process.connected) {
    const claims = claim(budgets, view)
    if (!(await keeper.renew())) continue
    if (Object.keys(claims).length > 0) process.send?.({ booked: claims } satisfies Booked)
    await new Promise((resolve) => setTimeout(resolve, 1 + random.below(8)))
  }
}

function claim(budgets: BudgetLedger, view: BudgetView): Record<string, number> {
  const claims: Record<string, number> = {}
  for (const { campaign } of limits)
    for (let n = random.below(4); n > 0; n--) {
      const amount = Math.min(1 + random.below(MOST_CLAIM), budgets.remaining(campaign))
      const slot = budgets.slotOf(campaign)
      if (amount === 0 || !view.reserve(slot, amount)) continue
      // An offer that is used at once.
      const until = machineTime()
      budgets.noteReserved(slot, amount, until)
      budgets.spend(campaign, amount, until)
      claims[campaign] = (claims[campaign] ?? 0) + amount
    }
  return claims
}

while (process.connected) await live()
process.exit(0)
