/** Visits of a shop whose truth is known, decided and logged as a server does, with what was bought. */
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { EVENT_ROW_VERSION, type EventRow } from '../../core/contract/events.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { splitMix32 } from '../../core/evaluation/bootstrap.ts'
import { type CompiledCampaigns, compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { type DecideArguments, decide } from '../../core/scoring/decide.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { JsonBytes } from '../../core/scoring/json-bytes.ts'
import { itemKeyOf } from '../../core/scoring/keys.ts'
import { writeRow } from '../../core/scoring/row.ts'
import { DAY_MS } from '../../training/simulation/calendar.ts'
import { FADE, LOOK } from '../../training/simulation/closed-loop.ts'
import {
  calm,
  drawShopper,
  emptyShopper,
  indexOfKey,
  purchaseProbability,
  shopperKey,
  type Truth,
} from '../../training/simulation/truth.ts'

export const SLOTS = 6
/** Longer than the window in which a purchase counts. */
const BETWEEN_MS = 8 * DAY_MS
const FIRST_BYTES = 1 << 20

/** Every shopper comes `visits` times; returns the number of decisions. No offer is kept from one visit to the next. */
export async function logVisits(
  g: Generation,
  truth: Truth,
  file: CampaignFile,
  visits: number,
  log: string,
  seed: number,
): Promise<number> {
  await mkdir(log)
  const next = splitMix32(seed)
  const campaigns = { ...compileCampaigns(g, file, 'logged'), onBasket: [] }
  const opening = truth.parameters.startMs + truth.days * DAY_MS
  for (let visit = 0; visit < visits; visit++) {
    const out = new JsonBytes(g, new SharedArrayBuffer(FIRST_BYTES))
    const time = opening + visit * BETWEEN_MS
    const bought = oneVisitEach(g, truth, campaigns, time, out, () => next() / 2 ** 32)
    await appendFile(join(log, 'decisions-000001.ndjson'), out.view())
    await appendFile(join(log, 'events-000001.ndjson'), bought.map(lineOf).join(''))
  }
  const { shop } = g.image.manifest
  const time = opening + (visits + 1) * BETWEEN_MS
  const end: EventRow = { v: EVENT_ROW_VERSION, shop, kind: 'view', session: 'last', time, receivedAt: time }
  await appendFile(join(log, 'events-000001.ndjson'), lineOf(end))
  return visits * truth.parameters.shoppers
}

function oneVisitEach(
  g: Generation,
  truth: Truth,
  campaigns: CompiledCampaigns,
  time: number,
  out: JsonBytes,
  uniform: () => number,
): EventRow[] {
  const { shop } = g.image.manifest
  const person = emptyShopper(truth)
  const events: EventRow[] = []
  for (let index = 0; index < truth.parameters.shoppers; index++) {
    drawShopper(truth, index, person)
    const shopper = shopperKey(index)
    const args = argumentsOf(campaigns, shopper, time)
    const decision = decide(g, args)
    writeRow(g, args, decision, true, Buffer.from(JSON.stringify(args.request)), out)
    decision.slots.forEach(({ item, priceMinor, offer }, slot) => {
      const key = itemKeyOf(g, item)
      const p = purchaseProbability(truth, person, indexOfKey(key), priceMinor, offer?.discountMinor ?? 0, calm())
      if (uniform() < LOOK * FADE ** slot * p)
        events.push({ v: EVENT_ROW_VERSION, shop, kind: 'purchase', shopper, item: key, time, receivedAt: time })
    })
  }
  return events
}

function argumentsOf(campaigns: CompiledCampaigns, shopper: string, time: number): DecideArguments {
  const { length } = campaigns.all
  return {
    request: { shopper, slots: SLOTS },
    time,
    live: emptyLiveShopper(),
    campaigns,
    remainingMinor: new Float64Array(length).fill(Number.POSITIVE_INFINITY),
    remainingUses: new Float64Array(length).fill(Number.POSITIVE_INFINITY),
    dualPrices: new Float64Array(length),
  }
}

const lineOf = (event: EventRow) => `${JSON.stringify(event)}\n`
