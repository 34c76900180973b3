/**
 * A decision as the bytes that are answered and logged: the one place that knows how. They are the bytes JSON.stringify
 * gives for a `DecideAnswer`, in the order of its fields.
 */
import type { BasketOffer, ConsideredAction, DecideAnswer, ItemOffer } from '../contract/answers.ts'
import type { DecidedSlot, Decision } from './decide.ts'
import type { Generation } from './generation.ts'
import type { Identity } from './identity.ts'
import { JsonBytes } from './json-bytes.ts'
import type { Reason } from './reasons.ts'

const FIRST_CAPACITY = 16 * 1024

/** The answer as an object, for whoever does not hand the bytes on. */
export function answerOf(g: Generation, decision: Decision): DecideAnswer {
  return JSON.parse(answerText(g, decision)) as DecideAnswer
}

export function answerText(g: Generation, decision: Decision): string {
  const out = new JsonBytes(g, new SharedArrayBuffer(FIRST_CAPACITY))
  writeAnswer(g, decision, out)
  return out.view().toString()
}

export function writeAnswer(g: Generation, decision: Decision, out: JsonBytes): void {
  const { manifest } = g.image
  out.ascii('{"decisionId":"')
  writeDecisionId(decision.identity, out)
  out.ascii('","snapshot":"')
  out.ascii(g.image.id)
  out.ascii('","shop":"')
  out.ascii(manifest.shop)
  out.ascii('","time":')
  out.number(decision.time)
  out.ascii(',"currency":"')
  out.ascii(manifest.currency)
  out.ascii('","personalised":')
  out.boolean(decision.personalised)
  out.ascii(',"holdout":')
  out.boolean(decision.holdout)
  out.ascii(',"items":[')
  for (let slot = 0; slot < decision.slots.length; slot++) {
    if (slot > 0) out.ascii(',')
    writeItem(g, decision.slots[slot], decision.explained, out)
  }
  out.ascii('],"basketOffer":')
  writeBasket(decision, out)
  out.ascii('}')
}

function writeDecisionId({ time, hi, lo, tail }: Identity, out: JsonBytes): void {
  out.hex(Math.floor(time / 2 ** 32), 4)
  out.hex(time >>> 0, 8)
  out.hex(hi, 8)
  out.hex(lo, 8)
  out.hex(tail, 4)
}

function writeItem(g: Generation, decided: DecidedSlot, explained: boolean, out: JsonBytes): void {
  const { keysBytes, keysOffsets, titlesBytes, titlesOffsets } = g.tables.catalogue
  const { item, choice } = decided
  out.ascii('{"item":')
  out.stringAt(keysBytes.view, keysOffsets.view, item)
  out.ascii(',"title":')
  out.stringAt(titlesBytes.view, titlesOffsets.view, item)
  out.ascii(',"score":')
  out.number(decided.score)
  out.ascii(',"purchaseProbability":')
  out.number(decided.purchaseProbability)
  out.ascii(',"priceMinor":')
  out.number(decided.priceMinor)
  out.ascii(',"priorPriceMinor":')
  out.number(g.live.priorPriceMinor[item])
  out.ascii(',"reasons":[')
  writeReasons(g, decided.reasons, out)
  out.ascii('],"offer":')
  writeItemOffer(decided.offer, out)
  out.ascii(',"offerReason":"')
  out.ascii(choice.reason)
  out.ascii('","propensity":')
  out.number(choice.propensity)
  if (explained) writeConsidered(',"considered":', choice.considered, out)
  out.ascii('}')
}

function writeReasons(g: Generation, reasons: Reason[], out: JsonBytes): void {
  const { keysBytes, keysOffsets } = g.tables.catalogue
  for (let r = 0; r < reasons.length; r++) {
    const reason = reasons[r]
    out.ascii(r === 0 ? '{"code":"' : ',{"code":"')
    out.ascii(reason.code)
    if (reason.item !== undefined) {
      out.ascii('","item":')
      out.stringAt(keysBytes.view, keysOffsets.view, reason.item)
      out.ascii(',"share":')
      out.number(reason.share)
      out.ascii('}')
    } else if ('days' in reason) {
      out.ascii('","days":')
      out.number(reason.days)
      out.ascii('}')
    } else if ('campaign' in reason) {
      out.ascii('","campaign":"')
      out.ascii(reason.campaign)
      out.ascii('"}')
    } else out.ascii('"}')
  }
}

function writeItemOffer(offer: ItemOffer | null, out: JsonBytes): void {
  if (offer === null) {
    out.ascii('null')
    return
  }
  writeCampaign(offer, out)
  out.ascii(',"percentBps":')
  out.number(offer.percentBps)
  out.ascii(',"discountMinor":')
  out.number(offer.discountMinor)
  out.ascii(',"priceMinor":')
  out.number(offer.priceMinor)
  out.ascii(',"validUntil":')
  out.number(offer.validUntil)
  if (offer.code !== undefined) {
    out.ascii(',"code":')
    out.string(offer.code)
  }
  out.ascii('}')
}

function writeBasket({ basketOffer, basketChoice, explained }: Decision, out: JsonBytes): void {
  writeBasketOffer(basketOffer, out)
  out.ascii(',"basketReason":"')
  out.ascii(basketChoice.reason)
  out.ascii('","basketPropensity":')
  out.number(basketChoice.propensity)
  if (explained) writeConsidered(',"basketConsidered":', basketChoice.considered, out)
}

function writeBasketOffer(offer: BasketOffer | null, out: JsonBytes): void {
  if (offer === null) {
    out.ascii('null')
    return
  }
  writeCampaign(offer, out)
  out.ascii(',"thresholdMinor":')
  out.number(offer.thresholdMinor)
  out.ascii(',"rewardMinor":')
  out.number(offer.rewardMinor)
  out.ascii(',"missingMinor":')
  out.number(offer.missingMinor)
  out.ascii(',"validUntil":')
  out.number(offer.validUntil)
  out.ascii('}')
}

/** Ids of campaigns are plain ASCII: the contract says so. */
function writeCampaign({ campaign, mechanism }: ItemOffer | BasketOffer, out: JsonBytes): void {
  out.ascii('{"campaign":"')
  out.ascii(campaign)
  out.ascii('","mechanism":"')
  out.ascii(mechanism)
  out.ascii('"')
}

/** Somebody asked why; speed is not what matters then. */
function writeConsidered(name: string, considered: ConsideredAction[], out: JsonBytes): void {
  out.ascii(name)
  out.text(JSON.stringify(considered))
}
