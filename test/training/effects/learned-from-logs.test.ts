/** The whole way: decisions with drawn offers, purchases after them, training on both logs, and decisions of what was learned. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CampaignFile, PromotionPolicy } from '../../../core/contract/campaigns.ts'
import { POLICY_DEFAULTS } from '../../../core/contract/campaigns.ts'
import { emptyLiveShopper } from '../../../core/contract/live.ts'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { compileCampaigns } from '../../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../../core/scoring/campaigns/parse.ts'
import { fillLiveCatalogue } from '../../../core/scoring/catalogue.ts'
import { type DecideArguments, decide } from '../../../core/scoring/decide.ts'
import { noPrices } from '../../../core/scoring/dual-prices.ts'
import { type Generation, liveCatalogueOf, openGeneration, reserveBytes } from '../../../core/scoring/generation.ts'
import { JsonBytes } from '../../../core/scoring/json-bytes.ts'
import { itemKeyOf } from '../../../core/scoring/keys.ts'
import { writeRow } from '../../../core/scoring/row.ts'
import { openSnapshot } from '../../../core/snapshot/open.ts'
import { snapshotFolder } from '../../../core/snapshot/store.ts'
import { tablesOf } from '../../../core/snapshot/tables.ts'
import { Database, quoteText } from '../../../training/duckdb.ts'
import { trainingParameters } from '../../../training/parameters.ts'
import type { StageProgress } from '../../../training/progress.ts'
import { publishSections } from '../../../training/publish.ts'
import { hasReport, readReport, sectionFile } from '../../../training/sections.ts'
import { train } from '../../../training/train.ts'
import { DAY_MS, key, type SmallEvent, writeData } from '../small-shop.ts'
import { eventLine } from './log-folder.ts'

const ITEMS = 40
const SHOPPERS = 600
/** First day of the logs; the imported sales end before. */
const OPENING = 1_700_000_000_000
const VISITS = 16
const EVERY_MS = 8 * DAY_MS
const SLOTS = 4

/** What the shop does not know: gold shoppers answer offers, the others do not. */
const isGold = (shopper: number) => shopper % 3 === 0
const buys = (shopper: number, isOffered: boolean) => 1 / (1 + Math.exp(2.2 - (isOffered && isGold(shopper) ? 1.5 : 0)))

function campaigns(policy: Partial<PromotionPolicy>): CampaignFile {
  const file = {
    version: 1,
    currency: 'GBP',
    policy: { ...POLICY_DEFAULTS, ...policy },
    campaigns: [
      {
        id: 'spring',
        mechanism: 'coupon',
        state: 'live',
        startsAt: OPENING - DAY_MS,
        endsAt: OPENING + 1000 * DAY_MS,
        ladder: [{ percentBps: 1000 }, { percentBps: 1500 }],
      },
    ],
  }
  return parseCampaignFile(JSON.stringify(file), 'GBP')
}

function argumentsOf(g: Generation, file: CampaignFile, shopper: string, time: number): DecideArguments {
  return {
    request: { shopper, slots: SLOTS, repurchase: true },
    time,
    live: emptyLiveShopper(),
    campaigns: compileCampaigns(g, file, 'test'),
    remainingMinor: new Float64Array(1).fill(Number.POSITIVE_INFINITY),
    remainingUses: new Float64Array(1).fill(Number.POSITIVE_INFINITY),
    dualPrices: noPrices(1),
  }
}

let folder: string
let before: Generation
let after: Generation

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'learned-from-logs-'))
  await writeData(join(folder, 'data'), new Array(ITEMS).fill({}), SHOPPERS, earlierSales())
  await writeTiers(join(folder, 'data', 'traits.parquet'))
  before = await trained('before')
  await liveThrough(before, VISITS, join(folder, 'log'))
  after = await trained('after', join(folder, 'log'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Everybody buys something, at one price. */
function earlierSales(): SmallEvent[] {
  return Array.from({ length: 6 * SHOPPERS }, (_, n) => ({
    shopper: n % SHOPPERS,
    item: (Math.imul(n, 0x9e3779b1) >>> 8) % ITEMS,
    kind: n % 2 === 0 ? ('view' as const) : ('purchase' as const),
    timeMs: OPENING - 60 * DAY_MS + n * 1_000_000,
    priceMinor: 1000,
    order: `o-${n}`,
  }))
}

async function writeTiers(file: string): Promise<void> {
  const db = await Database.open({ threads: 1 })
  try {
    const rows = Array.from({ length: SHOPPERS }, (_, s) => `(${s}, 'tier', '${isGold(s) ? 'gold' : 'basic'}', NULL)`)
    await db.run(`CREATE TABLE traits (shopper_index UINTEGER, name VARCHAR, value VARCHAR, number DOUBLE)`)
    await db.run(`INSERT INTO traits VALUES ${rows.join(',')}`)
    await db.run(`COPY traits TO ${quoteText(file)} (FORMAT parquet)`)
  } finally {
    db.close()
  }
}

async function trained(name: string, logs?: string): Promise<Generation> {
  const [data, sections, store] = [join(folder, 'data'), join(folder, name), join(folder, 'snapshots')]
  await train({ data, sections, logs, parameters: trainingParameters({ threads: 1 }) })
  const dataset = { shop: 'default', currency: 'GBP' }
  const id = await publishSections({ dataset, sections, store, quality: null, activateAt: 0, tolerance: null })
  const image = await openSnapshot(snapshotFolder(store, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  return openGeneration(image, 0)
}

/** Every shopper comes every eight days, is shown items and buys as the truth has it; both are logged as a server logs them. */
async function liveThrough(g: Generation, visits: number, log: string): Promise<void> {
  const file = campaigns({ explorationFloor: 0.05, holdoutBps: 500 })
  const next = splitMix32(7)
  const out = new JsonBytes(g, new SharedArrayBuffer(1 << 20))
  const events: string[] = []
  for (let visit = 0; visit < visits; visit++)
    for (let shopper = 0; shopper < SHOPPERS; shopper++) {
      const time = OPENING + visit * EVERY_MS + shopper * 1000
      const args = argumentsOf(g, file, key('s', shopper), time)
      const decision = decide(g, args)
      writeRow(g, args, decision, true, Buffer.from(JSON.stringify(args.request)), out)
      for (const { item, offer } of decision.slots)
        if (next() / 2 ** 32 < buys(shopper, offer !== null))
          events.push(eventLine(time + 3_600_000, 'purchase', itemKeyOf(g, item), { shopper: key('s', shopper) }))
    }
  events.push(eventLine(OPENING + (visits + 2) * EVERY_MS, 'view', key('i', 0), { shopper: key('s', 0) }))
  await mkdir(log)
  await writeFile(join(log, 'decisions-000001.ndjson'), out.view())
  await writeFile(join(log, 'events-000001.ndjson'), events.map((line) => `${line}\n`).join(''))
}

/** Share of the slots that get an offer where nothing is explored. */
function offeredShare(g: Generation, isAsked: (shopper: number) => boolean): number {
  const file = campaigns({ explorationFloor: 0, holdoutBps: 0 })
  const slots = Array.from({ length: SHOPPERS }, (_, shopper) => shopper)
    .filter(isAsked)
    .flatMap((shopper) => decide(g, argumentsOf(g, file, key('s', shopper), OPENING + 400 * DAY_MS)).slots)
  return slots.filter(({ offer }) => offer !== null).length / slots.length
}

describe('a shop whose offers work for one group only', () => {
  it('cannot tell the groups apart before it has logs', () => {
    expect(before.tables.response).toBeNull()
    const shares = [offeredShare(before, isGold), offeredShare(before, (shopper) => !isGold(shopper))]
    expect(Math.abs(shares[0] - shares[1])).toBeLessThan(0.2)
  })

  it('gives offers to that group and not to the other once it has learned from them', () => {
    expect(offeredShare(after, isGold)).toBeGreaterThan(0.95)
    expect(offeredShare(after, (shopper) => !isGold(shopper))).toBeLessThan(0.1)
  })

  it('reports what it learned', async () => {
    const { metrics } = await readReport(join(folder, 'after'), 'response')
    expect(metrics).toMatchObject({ decisions: VISITS * SHOPPERS, signal: 1 })
    expect(metrics.segments).toBeGreaterThan(2)
    expect(metrics['time_limited.show']).toBeCloseTo(0, 1)
    expect(metrics.impressions + metrics.holdoutImpressions).toBe(VISITS * SHOPPERS * SLOTS)
    expect(Object.keys(metrics).filter((name) => name.startsWith('damaged'))).toEqual([])
    // A third of the shoppers answers by 1.5, the others by nothing.
    expect(metrics['coupon.show'] + metrics['coupon.slope'] * 0.35).toBeCloseTo(0.5, 0)
    expect(metrics.offeredExpected / metrics.offeredBought).toBeCloseTo(1, 1)
    expect(metrics.holdoutExpected / metrics.holdoutBought).toBeCloseTo(1, 0)
    expect(metrics.offeredByPriceAlone).toBeLessThan(0.9 * metrics.offeredBought)
  })

  it('has curves of what the log says more of than the price does, and of nothing else', () => {
    expect([...after.curves.keys()]).toEqual(['mechanism:coupon', 'spring'])
  })

  it('goes by the price alone while the log says too little', async () => {
    await liveThrough(before, 1, join(folder, 'short'))
    const early = await trained('early', join(folder, 'short'))
    expect([...early.curves.keys()]).toEqual([])
    expect(offeredShare(early, () => true)).toBeCloseTo(
      offeredShare(before, () => true),
      1,
    )
    const { metrics } = await readReport(join(folder, 'early'), 'response')
    expect(metrics['coupon.gainLow']).toBeLessThan(0)
  })

  it('writes the same bytes again, and nothing where there is no log or nothing in it', async () => {
    const [data, sections] = [join(folder, 'data'), join(folder, 'before')]
    const messages: string[] = []
    const onProgress = ({ message }: StageProgress) => messages.push(message)
    const again = (logs?: string) =>
      train({ data, sections, logs, parameters: trainingParameters({ threads: 1 }), stage: 'response', onProgress })
    await again(join(folder, 'log'))
    const [first, second] = ['after', 'before'].map((name) => readFile(sectionFile(join(folder, name), 'response')))
    expect((await first).equals(await second)).toBe(true)
    await mkdir(join(folder, 'empty'))
    await again(join(folder, 'empty'))
    expect(messages).toContain('nothing to learn from: no impressions whose offer was drawn')
    expect(hasReport(sections, 'response')).toBe(false)
    for (const logs of [undefined, join(folder, 'missing')]) {
      await again(logs)
      expect(existsSync(sectionFile(sections, 'response'))).toBe(false)
    }
  })
})
