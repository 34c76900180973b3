/**
 * A decision, or a recommendation, as the bytes that are answered and logged: the one place that knows how. They are the bytes
 * JSON.stringify gives for a `DecideAnswer` or a `RecommendAnswer`, in the order of its fields.
 */
import type { BasketOffer, ConsideredAction, DecideAnswer, ItemOffer, RecommendAnswer } from '../contract/answers.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { DecidedSlot, Decision } from './decide.ts'
import type { Generation } from './generation.ts'
import type { Identity } from './identity.ts'
import { JsonBytes } from './json-bytes.ts'
import { PIECES, type Piece } from './json-pieces.ts'
import type { Reason } from './reasons.ts'
import type { Recommendation } from './recommend.ts'

const FIRST_CAPACITY = 16 * 1024

/** The answer as an object, for whoever does not hand the bytes on. */
export function answerOf(g: Generation, decision: Decision): DecideAnswer {
  return JSON.parse(answerText(g, decision)) as DecideAnswer
}

export function answerText(g: Generation, decision: Decision): string {
  return textOf(g, (out) => writeAnswer(g, decision, out))
}

/** A recommendation as an object, for whoever does not hand the bytes on. */
export function recommendAnswerOf(g: Generation, recommendation: Recommendation): RecommendAnswer {
  return JSON.parse(textOf(g, (out) => writeRecommendation(g, recommendation, out))) as RecommendAnswer
}

const buffers = new WeakMap<Generation, JsonBytes>()

function textOf(g: Generation, write: (out: JsonBytes) => void): string {
  const out = buffers.get(g) ?? new JsonBytes(g, new SharedArrayBuffer(FIRST_CAPACITY))
  buffers.set(g, out)
  out.length = 0
  write(out)
  return out.view().toString()
}

export function writeRecommendation(g: Generation, recommendation: Recommendation, out: JsonBytes): void {
  const { personalised, items, scores, reasons } = recommendation
  out.piece(PIECES.recommended)
  out.phrase(g.image.id)
  out.piece(PIECES.shop)
  out.phrase(g.image.manifest.shop)
  out.boolean(PIECES.personalised, personalised)
  out.piece(PIECES.items)
  for (let slot = 0; slot < items.length; slot++) {
    writeNamed(g, slot === 0 ? PIECES.item : PIECES.nextListed, items[slot], scores[slot], out)
    out.number(PIECES.priceMinor, g.live.priceMinor[items[slot]])
    writeReasons(g, reasons[slot], out)
  }
  out.piece(items.length === 0 ? PIECES.endOfList : PIECES.endOfListed)
}

export function writeAnswer(g: Generation, decision: Decision, out: JsonBytes): void {
  const { manifest } = g.image
  out.piece(PIECES.decisionId)
  writeDecisionId(decision.identity, out)
  out.piece(PIECES.snapshot)
  out.phrase(g.image.id)
  out.piece(PIECES.shop)
  out.phrase(manifest.shop)
  out.number(PIECES.timeBehindText, decision.time)
  out.piece(PIECES.currency)
  out.phrase(manifest.currency)
  out.boolean(PIECES.personalised, decision.personalised)
  out.boolean(PIECES.holdout, decision.holdout)
  out.piece(PIECES.items)
  for (let slot = 0; slot < decision.slots.length; slot++)
    writeItem(g, slot === 0 ? PIECES.item : PIECES.nextItem, decision.slots[slot], decision.explained, out)
  out.piece(decision.slots.length === 0 ? PIECES.noItems : PIECES.basketOffer)
  writeBasket(decision, out)
  out.piece(PIECES.endOfObject)
}

function writeDecisionId({ time, hi, lo, tail }: Identity, out: JsonBytes): void {
  out.hex(Math.floor(time / 2 ** 32), 4)
  out.hex(time >>> 0, 8)
  out.hex(hi, 8)
  out.hex(lo, 8)
  out.hex(tail, 4)
}

/** Its last brace is left to what comes next. */
function writeItem(g: Generation, before: Piece, decided: DecidedSlot, explained: boolean, out: JsonBytes): void {
  const { item, choice } = decided
  writeNamed(g, before, item, decided.score, out)
  out.number(PIECES.purchaseProbability, decided.purchaseProbability)
  out.number(PIECES.priceMinor, decided.priceMinor)
  out.number(PIECES.priorPriceMinor, g.live.priorPriceMinor[item])
  writeReasons(g, decided.reasons, out)
  writeItemOffer(decided.offer, out)
  out.phrase(choice.reason)
  out.number(PIECES.propensity, choice.propensity)
  if (explained) writeConsidered(PIECES.considered, choice.considered, out)
}

function writeNamed(g: Generation, before: Piece, item: ItemIndex, score: number, out: JsonBytes): void {
  const { keysBytes, keysOffsets, titlesBytes, titlesOffsets } = g.tables.catalogue
  out.stringAt(before, keysBytes, keysOffsets.view, item)
  out.stringAt(PIECES.title, titlesBytes, titlesOffsets.view, item)
  out.number(PIECES.score, score)
}

function writeReasons(g: Generation, reasons: Reason[], out: JsonBytes): void {
  const { keysBytes, keysOffsets } = g.tables.catalogue
  if (reasons.length === 0) out.piece(PIECES.noReasons)
  for (let r = 0; r < reasons.length; r++) {
    const reason = reasons[r]
    out.piece(r === 0 ? PIECES.reasons : PIECES.nextReason)
    out.phrase(reason.code)
    if (reason.item !== undefined) {
      out.stringAt(PIECES.reasonItem, keysBytes, keysOffsets.view, reason.item)
      out.number(PIECES.share, reason.share)
      out.piece(PIECES.endOfObject)
    } else if ('days' in reason) {
      out.number(PIECES.days, reason.days)
      out.piece(PIECES.endOfObject)
    } else {
      if ('campaign' in reason) {
        out.piece(PIECES.reasonCampaign)
        out.phrase(reason.campaign)
      }
      out.piece(PIECES.endOfText)
    }
  }
}

/** Up to where the reason of the offer, or of none, begins. */
function writeItemOffer(offer: ItemOffer | null, out: JsonBytes): void {
  if (offer === null) {
    out.piece(PIECES.noOffer)
    return
  }
  out.piece(PIECES.offer)
  writeCampaign(offer, out)
  out.number(PIECES.percentBps, offer.percentBps)
  out.number(PIECES.discountMinor, offer.discountMinor)
  out.number(PIECES.priceMinor, offer.priceMinor)
  out.number(PIECES.validUntil, offer.validUntil)
  if (offer.code !== undefined) {
    out.piece(PIECES.code)
    out.string(offer.code)
  }
  out.piece(PIECES.offerReason)
}

function writeBasket({ basketOffer, basketChoice, explained }: Decision, out: JsonBytes): void {
  writeBasketOffer(basketOffer, out)
  out.piece(PIECES.basketReason)
  out.phrase(basketChoice.reason)
  out.number(PIECES.basketPropensity, basketChoice.propensity)
  if (explained) writeConsidered(PIECES.basketConsidered, basketChoice.considered, out)
}

function writeBasketOffer(offer: BasketOffer | null, out: JsonBytes): void {
  if (offer === null) {
    out.piece(PIECES.null)
    return
  }
  writeCampaign(offer, out)
  out.number(PIECES.thresholdMinor, offer.thresholdMinor)
  out.number(PIECES.rewardMinor, offer.rewardMinor)
  out.number(PIECES.missingMinor, offer.missingMinor)
  out.number(PIECES.validUntil, offer.validUntil)
  out.piece(PIECES.endOfObject)
}

/** Ids of campaigns are plain ASCII: the contract says so. */
function writeCampaign({ campaign, mechanism }: ItemOffer | BasketOffer, out: JsonBytes): void {
  out.piece(PIECES.campaign)
  out.phrase(campaign)
  out.piece(PIECES.mechanism)
  out.phrase(mechanism)
}

/** Somebody asked why; speed is not what matters then. */
function writeConsidered(name: Piece, considered: ConsideredAction[], out: JsonBytes): void {
  out.piece(name)
  out.text(JSON.stringify(considered))
}
