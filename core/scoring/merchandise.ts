/**
 * What campaigns say about the order of items while they run: a factor on the score of their targets, and items in fixed
 * slots. Both take only items that are eligible.
 *
 * Where several campaigns boost an item the largest factor counts: it multiplies a score above 0 and divides one below. The
 * k best by boosted score are among the k best of all items and the k best of each campaign's targets, because targets that
 * precede an item without their campaign's factor, which is the item's or less than their own, precede it with it too.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { CompiledCampaigns, Live } from './campaigns/compile.ts'
import { isRunningAt } from './campaigns/running.ts'
import { targetsItem } from './campaigns/targets.ts'
import type { Best, Picked } from './diversity.ts'
import { type Allowed, isAllowed } from './filter.ts'
import type { Generation } from './generation.ts'
import type { Reason } from './reasons.ts'
import { SCRATCH, scratchBitmap } from './scratch.ts'

export interface Merchandise {
  boosting: Live[]
  /** By slot, counted from 1; of several campaigns the first in the file has it. */
  pins: Map<number, Pin>
}

export interface Pin {
  item: ItemIndex
  campaign: string
}

export const NO_MERCHANDISE: Merchandise = { boosting: [], pins: new Map() }

export function merchandiseAt({ merchandising }: CompiledCampaigns, time: number): Merchandise {
  const running = merchandising.filter((campaign) => isRunningAt(campaign, time))
  if (running.length === 0) return NO_MERCHANDISE
  const pins = new Map<number, Pin>()
  for (const { id, pins: wanted } of running)
    for (const { item, slot } of wanted) if (item >= 0 && !pins.has(slot)) pins.set(slot, { item, campaign: id })
  return { boosting: running.filter(({ boost }) => boost > 1), pins }
}

/** The best items by their boosted scores. */
export function boosted(g: Generation, best: Best, merchandise: Merchandise): Best {
  const { boosting } = merchandise
  if (boosting.length === 0) return best
  return (k, allowed) => {
    const ranked = [...withTargets(g, best, k, allowed, merchandise, best(k, allowed))]
      .map(([item, score]) => ({ item, score: boostedScore(boosting, item, score) }))
      .sort((a, b) => b.score - a.score || a.item - b.item)
      .slice(0, k)
    return { items: ranked.map(({ item }) => item), scores: ranked.map(({ score }) => score) }
  }
}

/** Scores of `plain` and of the `k` best of each boosting campaign's targets, before they are raised. */
export function withTargets(
  g: Generation,
  best: Best,
  k: number,
  allowed: Allowed,
  { boosting }: Merchandise,
  plain: Picked,
): Map<ItemIndex, number> {
  const scores = new Map(plain.items.map((item, i) => [item, plain.scores[i]]))
  for (const campaign of boosting) {
    const { items, scores: found } = best(k, targetsIn(g, campaign, allowed))
    items.forEach((item, i) => {
      scores.set(item, found[i])
    })
  }
  return scores
}

/** In double precision, so that unequal scores stay unequal. */
export function boostedScore(boosting: Live[], item: ItemIndex, score: number): number {
  const factor = boostOf(boosting, item)?.boost ?? 1
  return score > 0 ? score * factor : score / factor
}

/** The campaign that boosts an item most, the first in the file on ties. */
function boostOf(boosting: Live[], item: ItemIndex): Live | null {
  let most: Live | null = null
  for (const campaign of boosting)
    if (campaign.boost > (most?.boost ?? 1) && targetsItem(campaign, item)) most = campaign
  return most
}

export function boostReasons({ boosting }: Merchandise, item: ItemIndex): Reason[] {
  const campaign = boostOf(boosting, item)
  return campaign === null ? [] : [{ code: 'boosted', campaign: campaign.id }]
}

/** The allowed items that a campaign targets. */
function targetsIn(g: Generation, { targets }: Live, { bits, filter }: Allowed): Allowed {
  if (targets === null) return { bits, filter }
  const target = scratchBitmap(g, SCRATCH.target)
  target.view.set(targets)
  g.kernel.bitmapAnd(target.pointer, bits, target.pointer, target.view.length)
  return { bits: target.pointer, filter }
}

/** The pins that an answer of `k` slots takes: eligible items, each once, by slot. */
export function openPins(
  g: Generation,
  { pins }: Merchandise,
  k: number,
  allowed: Allowed,
  isCandidate: (item: ItemIndex) => boolean,
): Map<number, Pin> {
  if (pins.size === 0) return pins
  const taken = new Set<ItemIndex>()
  return new Map(
    [...pins]
      .sort(([a], [b]) => a - b)
      .filter(([slot, { item }]) => {
        if (slot > k || taken.has(item) || !isAllowed(g, allowed, item) || !isCandidate(item)) return false
        taken.add(item)
        return true
      }),
  )
}

/** Pins in their slots and the rest between them; where the rest ends before a slot, its pin comes next. */
export function merged(pins: Map<number, Pin>, pinScores: Map<ItemIndex, number>, rest: Picked): Picked {
  const answer: Picked = { items: [], scores: [] }
  const total = rest.items.length + pins.size
  const left = [...pins]
  for (let slot = 1, r = 0; slot <= total; slot++) {
    const pin = pins.get(slot) ?? (r === rest.items.length ? left[0][1] : undefined)
    answer.items.push(pin?.item ?? rest.items[r])
    answer.scores.push(pin === undefined ? rest.scores[r++] : (pinScores.get(pin.item) ?? 0))
    if (pin !== undefined) left.shift()
  }
  return answer
}
