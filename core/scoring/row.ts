/** Between a decision and its log row: the row keeps every argument, so the decision can be made again from it. */
import { DECISION_ROW_VERSION, type DecisionRow, type OfCampaign } from '../contract/decision-row.ts'
import { LIVE_OFFERS, type LiveShopperColumns, liveShopperFromRow, liveShopperToRow } from '../contract/live.ts'
import { writeAnswer } from './answer.ts'
import type { BasketStep, CompiledCampaigns, ItemStep } from './campaigns/compile.ts'
import { catalogueSequence } from './catalogue.ts'
import type { DecideArguments, Decision } from './decide.ts'
import type { Generation } from './generation.ts'
import type { JsonBytes } from './json-bytes.ts'
import { PIECES, type Piece } from './json-pieces.ts'
import type { Choice } from './offers/actions.ts'
import { qualifyingSubtotal } from './offers/basket.ts'
import { loggedSteps } from './offers/logged.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Writes a `DecisionRow` and a line feed, before it spaces up to a whole word of eight bytes: where rows begin and end on words,
 * gathering them for the log moves words instead of bytes. `body`: the request as it came. Returns where in it the answer stands.
 */
export function writeRow(
  g: Generation,
  args: DecideArguments,
  decision: Decision,
  trusted: boolean,
  body: Uint8Array,
  out: JsonBytes,
): { start: number; end: number } {
  out.number(PIECES.version, DECISION_ROW_VERSION)
  out.piece(PIECES.shopOfRow)
  out.phrase(g.image.manifest.shop)
  out.piece(PIECES.snapshot)
  out.phrase(g.image.id)
  out.piece(PIECES.campaignRevision)
  out.phrase(args.campaigns.revision)
  out.number(PIECES.catalogueRevision, catalogueSequence(g.live) >> 1)
  out.number(PIECES.time, args.time)
  out.boolean(PIECES.trusted, trusted)
  out.number(PIECES.segment, decision.segment)
  out.number(PIECES.base, decision.base)
  out.piece(PIECES.live)
  writeLive(args.live, out)
  writeCampaigns(args, decision, out)
  writePropensities(decision, out)
  writeTiers(g, args, decision.basketChoice, out)
  out.piece(PIECES.request)
  // A line feed may stand between tokens of a request, never inside a row.
  if (hasLineEnd(body)) out.text(JSON.stringify(args.request))
  else out.copy(body)
  out.piece(PIECES.answer)
  const start = out.length
  writeAnswer(g, decision, out)
  out.piece(PIECES.endOfObject)
  const end = out.length - 1
  out.align(1)
  out.piece(PIECES.lineFeed)
  return { start, end }
}

/** Bodies are mostly short: two calls of `includes` take longer to begin. */
function hasLineEnd(body: Uint8Array): boolean {
  for (let i = 0; i < body.length; i++) if (body[i] === LINE_FEED || body[i] === CARRIAGE_RETURN) return true
  return false
}

function writeLive(live: LiveShopperColumns, out: JsonBytes): void {
  const isNew = live.nEvents + live.nContacts + live.nUses + live.nOffers === 0 && live.offerRoom === LIVE_OFFERS
  if (isNew) out.piece(PIECES.newShopper)
  else out.text(JSON.stringify(liveShopperToRow(live)))
}

/** A limit that dropped nothing could have been any larger, so only those that did are told. */
function writeCampaigns(
  { remainingMinor, remainingUses, dualPrices }: DecideArguments,
  { spent }: Decision,
  out: JsonBytes,
): void {
  out.piece(PIECES.remainingMinor)
  writeNumbers(remainingMinor, spent.budgets, out)
  out.piece(PIECES.remainingUses)
  writeNumbers(remainingUses, spent.uses, out)
  out.piece(PIECES.budgetDualPrice)
  writeNumbers(dualPrices.budget, pricedOf(dualPrices.budget), out)
  writePriced(PIECES.stockDualPrice, dualPrices.stock, out)
  writePriced(PIECES.returnDualPrice, dualPrices.return, out)
}

function writePropensities({ slots, basketChoice }: Decision, out: JsonBytes): void {
  out.piece(PIECES.propensities)
  for (let slot = 0; slot < slots.length; slot++) {
    writeDrawn(slots[slot].choice, out)
    out.piece(PIECES.comma)
  }
  writeDrawn(basketChoice, out)
}

function writeDrawn({ open, logged, probabilities }: Choice<ItemStep | BasketStep>, out: JsonBytes): void {
  out.piece(PIECES.actions)
  if (logged < 0) out.ascii(loggedSteps(open))
  else out.piece(logged)
  out.piece(PIECES.probabilities)
  writeRuns(probabilities, out)
  out.piece(PIECES.endOfList)
}

/** What the basket's actions promised from where on, and what the cart lacked: it takes the live prices of then to tell. */
function writeTiers(
  g: Generation,
  { request: { cart = [] }, campaigns: { loggedOnBasket, tiersOfEmptyCart } }: DecideArguments,
  { open, logged }: Choice<BasketStep>,
  out: JsonBytes,
): void {
  if (open.length === 0) return
  out.piece(PIECES.tiers)
  // Most carts are empty, and mostly no action is dropped.
  if (cart.length === 0 && logged >= 0 && logged === loggedOnBasket && tiersOfEmptyCart >= 0) {
    out.piece(tiersOfEmptyCart)
    return
  }
  for (let a = 0, subtotalMinor = 0; a < open.length; a++) {
    const { on, tier } = open[a]
    if (a === 0 || on !== open[a - 1].on) subtotalMinor = qualifyingSubtotal(g, on, cart)
    out.number(a === 0 ? PIECES.open : PIECES.nextOpen, tier.thresholdMinor)
    out.number(PIECES.comma, tier.rewardMinor)
    out.number(PIECES.comma, tier.thresholdMinor - subtotalMinor)
    out.piece(PIECES.close)
  }
}

/** Equal numbers in a row stand as one with how many there are. */
function writeRuns(numbers: number[], out: JsonBytes): void {
  for (let first = 0; first < numbers.length; ) {
    let after = first + 1
    while (after < numbers.length && numbers[after] === numbers[first]) after++
    const isFirst = first === 0
    if (after - first === 1) out.number(isFirst ? PIECES.nothing : PIECES.comma, numbers[first])
    else {
      out.number(isFirst ? PIECES.open : PIECES.nextOpen, numbers[first])
      out.number(PIECES.comma, after - first)
      out.piece(PIECES.close)
    }
    first = after
  }
}

/** Left out where none is. */
function writePriced(name: Piece, prices: Float64Array, out: JsonBytes): void {
  const priced = pricedOf(prices)
  if (priced.length === 0) return
  out.piece(name)
  writeNumbers(prices, priced, out)
}

function pricedOf(dualPrices: Float64Array): number[] {
  const priced: number[] = []
  for (let position = 0; position < dualPrices.length; position++) if (dualPrices[position] > 0) priced.push(position)
  return priced
}

/** Those at `positions`, each behind its own, in the order of the file. */
function writeNumbers(numbers: Float64Array, positions: number[], out: JsonBytes): void {
  const inOrder = positions.length > 1 ? positions.toSorted((a, b) => a - b) : positions
  for (let i = 0; i < inOrder.length; i++) {
    out.number(i === 0 ? PIECES.open : PIECES.nextOpen, inOrder[i])
    out.number(PIECES.comma, numbers[inOrder[i]])
    out.piece(PIECES.close)
  }
}

/**
 * The arguments of a logged decision. `campaigns` is the row's `campaignRevision` compiled for the row's snapshot,
 * whose live columns must stand at the row's `catalogueRevision`.
 */
export function argumentsOfRow(row: DecisionRow, campaigns: CompiledCampaigns): DecideArguments {
  return {
    request: row.request,
    time: row.time,
    live: liveShopperFromRow(row.live),
    campaigns,
    ...limitsOfRow(row, campaigns.all.length),
  }
}

/** By position in a campaign file of `count` campaigns. */
export function limitsOfRow({ campaigns }: Pick<DecisionRow, 'campaigns'>, count: number) {
  const filled = (told: OfCampaign[] | undefined, rest: number) => {
    const numbers = new Float64Array(count).fill(rest)
    for (const [position, value] of told ?? []) numbers[position] = value
    return numbers
  }
  return {
    remainingMinor: filled(campaigns.remainingMinor, Number.POSITIVE_INFINITY),
    remainingUses: filled(campaigns.remainingUses, Number.POSITIVE_INFINITY),
    dualPrices: {
      budget: filled(campaigns.budgetDualPrice, 0),
      stock: filled(campaigns.stockDualPrice, 0),
      return: filled(campaigns.returnDualPrice, 0),
    },
  }
}
