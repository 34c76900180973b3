import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { openLedgerToRead } from '../../core/store/ledger/database.ts'
import { type BalanceRow, balancesOf, verifyLedger } from '../../core/store/ledger/verify.ts'
import { portOf, type Started, start } from '../support/processes.ts'
import {
  CLI,
  call,
  copyShop,
  serveShop,
  type TestServer,
  type TrainedShop,
  trainShop,
  until,
} from '../support/trained-shop.ts'

const BUDGET = 8000
const LEASE_MS = 1500

let trained: TrainedShop
let shop: TrainedShop
let other: TrainedShop
let server: TestServer
let ledger: string
beforeAll(async () => {
  trained = await trainShop()
})
afterAll(() => trained.remove())
beforeEach(async () => {
  shop = await copyShop(trained)
  other = await copyShop(trained)
  ledger = join(shop.folders.home, 'shared.sqlite')
  for (const { folders } of [shop, other]) {
    const file = JSON.parse(await readFile(folders.campaigns, 'utf8')) as CampaignFile
    for (const campaign of file.campaigns) campaign.budgetMinor = BUDGET
    await writeFile(folders.campaigns, JSON.stringify(file))
  }
  server = await serveShop(shop, { ledger, leaseMs: LEASE_MS, leaseLeastMinor: 500, serverName: 'one' })
})
afterEach(async () => {
  await server.close()
  await shop.remove()
  await other.remove()
})

function startOther(): Started {
  const shared = ['--ledger', ledger, '--lease-ms', String(LEASE_MS), '--lease-least', '500', '--server-name', 'two']
  return start(process.execPath, [
    CLI,
    'serve',
    '--port',
    '0',
    '--workers',
    '1',
    '--home',
    other.folders.home,
    ...shared,
  ])
}

/** What offers were promised of each campaign. */
class Promised {
  readonly minor = new Map<string, number>()

  async ask(port: number, from: number, count: number): Promise<number> {
    let given = 0
    const sessions = Array.from({ length: count }, (_, n) => ({ session: `${port}-${from + n}`, slots: 10 }))
    const answers = await Promise.all(sessions.map((body) => call(port, 'POST', '/v1/decide', body)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    for (const { items, basketOffer } of answers.map(({ body }) => body as DecideAnswer)) {
      for (const { offer } of items) if (offer) given += this.#add(offer.campaign, offer.discountMinor)
      if (basketOffer) given += this.#add(basketOffer.campaign, basketOffer.rewardMinor)
    }
    return given
  }

  #add(campaign: string, amount: number): number {
    this.minor.set(campaign, (this.minor.get(campaign) ?? 0) + amount)
    return amount
  }
}

function look<T>(at: (rows: BalanceRow[]) => T): T {
  const reader = openLedgerToRead(ledger)
  if (reader === null) throw new Error('no ledger')
  try {
    expect(verifyLedger(reader).discrepancies).toEqual([])
    return at(balancesOf(reader).filter(({ slot }) => slot === 'minor'))
  } finally {
    reader.close()
  }
}
/** The server in this process goes on meanwhile. */
async function lookLater<T>(at: (rows: BalanceRow[]) => T): Promise<T> {
  await server.call('GET', '/healthz')
  return look(at)
}
const leased = (rows: BalanceRow[]) => rows.filter(({ place, balance }) => place === 'lease' && balance > 0)

test('two servers with one ledger promise one budget, and a server that ends gives back what it did not promise', async () => {
  const second = startOther()
  const ports = [server.port, await portOf(second)]
  const promised = new Promised()
  for (let round = 0; round < 8; round++) {
    await Promise.all(ports.map((port) => promised.ask(port, 50 * round, 50)))
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 3))
  }
  for (const minor of promised.minor.values()) expect(minor).toBeLessThanOrEqual(BUDGET)
  expect(Math.max(...promised.minor.values())).toBeGreaterThan(BUDGET / 2)
  second.child.kill('SIGTERM')
  expect((await second.ended).exitCode).toBe(0)
  await server.close()
  const rows = look((all) => all)
  expect(leased(rows)).toEqual([])
  for (const [campaign, minor] of promised.minor) {
    const held = rows.filter((row) => row.campaign === campaign && row.place === 'held')
    expect(held.reduce((sum, { balance }) => sum + balance, 0)).toBe(minor)
  }
})

test('a server that is killed leaves its lease to the others, and finds its offers held when it starts again', async () => {
  const second = startOther()
  const port = await portOf(second)
  const promised = new Promised()
  let asked = 0
  // On a busy machine its lease may just be over.
  await until(
    () => promised.ask(port, 40 * asked++, 40),
    (given) => given > 0,
    20_000,
  )
  const holds = (rows: BalanceRow[]) =>
    rows.some(({ place, holder, balance }) => place === 'held' && holder === 'two' && balance > 0)
  await until(() => lookLater(holds), Boolean, 5000)
  second.child.kill('SIGKILL')
  await second.ended
  expect(look(leased).some(({ holder }) => holder.startsWith('two#'))).toBe(true)
  const killedAt = performance.now()
  await until(
    () => lookLater(leased),
    (rows) => !rows.some(({ holder }) => holder.startsWith('two#')),
    2 * LEASE_MS + 2000,
  )
  expect(performance.now() - killedAt).toBeLessThan(2 * LEASE_MS + 2000)
  const third = startOther()
  await portOf(third)
  for (const [campaign, minor] of promised.minor) {
    const held = look((rows) =>
      rows.find((row) => row.campaign === campaign && row.place === 'held' && row.holder === 'two'),
    )
    expect(held?.balance).toBe(minor)
  }
  third.child.kill('SIGTERM')
  await third.ended
})

test('a ledger that cannot be opened ends the start, and says why', async () => {
  await writeFile(
    join(shop.folders.home, 'none.sqlite'),
    'a text of somebody else, long enough to be read as a header of SQLite '.repeat(9),
  )
  const refused = start(process.execPath, [
    CLI,
    'serve',
    '--port',
    '0',
    '--home',
    other.folders.home,
    '--ledger',
    join(shop.folders.home, 'none.sqlite'),
  ])
  expect((await refused.ended).stderr).toMatch(/error environment: .*none\.sqlite is no ledger/)
})
