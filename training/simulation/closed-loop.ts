/**
 * The closed loop: days of traffic through the same `decide` that serves, bought by shoppers whose nature is known.
 *
 * Each visit is decided once; every policy shows those very items and differs only in what it takes off them. A shopper
 * looks at slot s with probability LOOK · FADE^s and buys what was looked at with the truth's probability at the price
 * shown. All policies share the draws (common random numbers), so their differences are not those of luck.
 *
 * Not in it: basket offers, purchases outside the answer, what a purchase changes later, stock running out.
 */
import { emptyLiveShopper, LIVE_CONTACTS, type LiveShopperColumns } from '../../core/contract/live.ts'
import { percentDiscount } from '../../core/contract/money.ts'
import type { CompiledCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { type Decision, decide } from '../../core/scoring/decide.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemKeyOf } from '../../core/scoring/keys.ts'
import { DAY_MS } from './calendar.ts'
import { type PolicyTotals, Tally } from './policy-tally.ts'
import { poisson, Random, STREAM } from './random.ts'
import {
  calm,
  drawShopper,
  emptyShopper,
  indexOfKey,
  purchaseProbability,
  type ShopperTruth,
  shopperKey,
  type Truth,
} from './truth.ts'

export const LOOK = 0.6
export const FADE = 0.9

export interface LoopOptions {
  /** Shoppers drawn from the shop; at most as many as it has. */
  shoppers: number
  days: number
  /** Visits in all, about. */
  visits: number
  slots: number
  seed: number
}

export interface LoopResult {
  visits: number
  shoppers: number
  days: number
  /** First `none`, then each fixed discount, last `ours`. */
  policies: PolicyTotals[]
}

/** A shopper's visits of one day share this. */
interface Caller {
  shopper: ShopperTruth
  live: LiveShopperColumns
}

/** `remainingMinor`: by position in the campaign file; lowered by the discounts that `ours` comes to pay. */
export function runClosedLoop(
  g: Generation,
  truth: Truth,
  campaigns: CompiledCampaigns,
  remainingMinor: Float64Array,
  options: LoopOptions,
): LoopResult {
  const random = new Random(options.seed)
  const sample = sampleShoppers(random, truth.parameters.shoppers, options.shoppers)
  const depths = percentDepths(campaigns)
  const tally = new Tally(['none', ...depths.map((bps) => `everyone ${bps / 100} %`), 'ours'], sample.length)
  const loop = { g, truth, random, campaigns: { ...campaigns, onBasket: [] }, remainingMinor, depths, tally, options }
  const callers = sample.map((): LiveShopperColumns => emptyLiveShopper())
  const shopper = emptyShopper(truth)
  const mean = options.visits / options.days / sample.length
  for (let day = 0; day < options.days; day++)
    sample.forEach((index, position) => {
      drawShopper(truth, index, shopper)
      random.block(STREAM.visit, index, day, 0)
      const visits = poisson(mean * shopper.activity, random.uniform(0))
      for (let visit = 0; visit < visits; visit++)
        drawPurchases(loop, { shopper, live: callers[position] }, position, day, visit)
    })
  return { visits: tally.visits, shoppers: sample.length, days: options.days, policies: tally.totals(truth.parameters) }
}

interface Loop {
  g: Generation
  truth: Truth
  random: Random
  campaigns: CompiledCampaigns
  remainingMinor: Float64Array
  depths: number[]
  tally: Tally
  options: LoopOptions
}

/** Decides one visit and lets every policy sell. */
function drawPurchases(loop: Loop, caller: Caller, position: number, day: number, visit: number): void {
  const { g, truth, random, depths, tally, options } = loop
  const { shopper } = caller
  const time = truth.parameters.startMs + (truth.days + day) * DAY_MS + visit * 3_600_000
  const decision = decide(g, {
    request: { shopper: shopperKey(shopper.index), slots: options.slots },
    time,
    live: caller.live,
    campaigns: loop.campaigns,
    remainingMinor: loop.remainingMinor,
    remainingUses: new Float64Array(loop.remainingMinor.length).fill(Number.POSITIVE_INFINITY),
    dualPrices: new Float64Array(loop.remainingMinor.length),
  })
  rememberContacts(caller.live, decision, time)
  tally.startVisit(position, shopper.type)
  decision.slots.forEach(({ item: index, priceMinor, offer }, slot) => {
    const item = indexOfKey(itemKeyOf(g, index))
    const offered = [0, ...depths.map((bps) => percentDiscount(priceMinor, bps)), offer?.discountMinor ?? 0]
    random.block(STREAM.visit, shopper.index, day, 1 + visit * 128 + slot)
    const looks = random.uniform(0) < LOOK * FADE ** slot
    const luck = random.uniform(1)
    offered.forEach((discountMinor, policy) => {
      const buys = looks && luck < purchaseProbability(truth, shopper, item, priceMinor, discountMinor, calm())
      tally.show(policy, { priceMinor, discountMinor, costMinor: truth.costMinor[item], buys })
      if (buys && offer && policy === offered.length - 1) spend(loop, offer.campaign, discountMinor)
    })
  })
  tally.endVisit()
}

function spend({ campaigns, remainingMinor }: Loop, id: string, discountMinor: number): void {
  const campaign = campaigns.onItems.find((candidate) => candidate.id === id)
  if (campaign) remainingMinor[campaign.position] -= discountMinor
}

/** Every offer of the answer counts as shown once, newest first, as the server counts it. */
function rememberContacts(live: LiveShopperColumns, { slots }: Decision, time: number): void {
  for (const { choice } of slots) {
    if (choice.step === null) continue
    live.contactHashes.copyWithin(1, 0, LIVE_CONTACTS - 1)
    live.contactTimes.copyWithin(1, 0, LIVE_CONTACTS - 1)
    live.contactHashes[0] = choice.step.on.hash
    live.contactTimes[0] = time
    live.nContacts = Math.min(LIVE_CONTACTS, live.nContacts + 1)
  }
}

/** Every percentage that a live campaign has on its ladder, shallow first: what "the same for everyone" could be. */
function percentDepths({ onItems }: CompiledCampaigns): number[] {
  const depths = onItems.flatMap(({ steps }) =>
    steps.flatMap(({ depth }) => ('percentBps' in depth ? depth.percentBps : [])),
  )
  return [...new Set(depths)].sort((a, b) => a - b)
}

/** Distinct shoppers, drawn evenly, in ascending order. */
function sampleShoppers(random: Random, shoppers: number, count: number): number[] {
  if (count >= shoppers) return Array.from({ length: shoppers }, (_, index) => index)
  const sample = new Set<number>()
  for (let draw = 0; sample.size < count; draw++) {
    random.block(STREAM.sample, draw, 0, 0)
    sample.add(Math.floor(random.uniform(0) * shoppers))
  }
  return [...sample].sort((a, b) => a - b)
}
