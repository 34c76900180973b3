/** Between a decision and its log row: the row keeps every argument, so the decision can be made again from it. */
import { DECISION_ROW_VERSION, type DecisionRow, type OfCampaign } from '../contract/decision-row.ts'
import { LIVE_OFFERS, type LiveShopperColumns, liveShopperFromRow, liveShopperToRow } from '../contract/live.ts'
import { writeAnswer } from './answer.ts'
import type { BasketStep, CompiledCampaigns, ItemStep } from './campaigns/compile.ts'
import { catalogueSequence } from './catalogue.ts'
import type { DecideArguments, Decision } from './decide.ts'
import type { Generation } from './generation.ts'
import type { JsonBytes } from './json-bytes.ts'
import type { Drawn } from './offers/actions.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Writes a `DecisionRow` and a line feed. `body`: the request as it came. Returns where in it the answer stands. */
export function writeRow(
  g: Generation,
  args: DecideArguments,
  decision: Decision,
  trusted: boolean,
  body: Uint8Array,
  out: JsonBytes,
): { start: number; end: number } {
  out.ascii(`{"v":${DECISION_ROW_VERSION},"shop":"`)
  out.ascii(g.image.manifest.shop)
  out.ascii('","snapshot":"')
  out.ascii(g.image.id)
  out.ascii('","campaignRevision":"')
  out.ascii(args.campaigns.revision)
  out.ascii('","catalogueRevision":')
  out.number(catalogueSequence(g.live) >> 1)
  out.ascii(',"time":')
  out.number(args.time)
  out.ascii(',"trusted":')
  out.boolean(trusted)
  out.ascii(',"segment":')
  out.number(decision.segment)
  out.ascii(',"base":')
  out.number(decision.base)
  out.ascii(',"live":')
  writeLive(args.live, out)
  writeCampaigns(args, decision, out)
  writePropensities(decision, out)
  out.ascii(',"request":')
  // A line feed may stand between tokens of a request, never inside a row.
  if (body.includes(LINE_FEED) || body.includes(CARRIAGE_RETURN)) out.text(JSON.stringify(args.request))
  else out.copy(body)
  out.ascii(',"answer":')
  const start = out.length
  writeAnswer(g, decision, out)
  const end = out.length
  out.ascii('}\n')
  return { start, end }
}

function writeLive(live: LiveShopperColumns, out: JsonBytes): void {
  const isNew = live.nEvents + live.nContacts + live.nUses + live.nOffers === 0 && live.offerRoom === LIVE_OFFERS
  if (isNew) out.ascii('{"events":[],"contacts":[]}')
  else out.ascii(JSON.stringify(liveShopperToRow(live)))
}

/** A limit that dropped nothing could have been any larger, so only those that did are told. */
function writeCampaigns(
  { remainingMinor, remainingUses, dualPrices }: DecideArguments,
  { spent }: Decision,
  out: JsonBytes,
): void {
  out.ascii(',"campaigns":{"remainingMinor":')
  writeNumbers(remainingMinor, (position) => spent.budgets.includes(position), out)
  out.ascii(',"remainingUses":')
  writeNumbers(remainingUses, (position) => spent.uses.includes(position), out)
  out.ascii(',"budgetDualPrice":')
  writeNumbers(dualPrices, (position) => dualPrices[position] > 0, out)
  out.ascii('}')
}

function writePropensities({ drawnItems, drawnBasket }: Decision, out: JsonBytes): void {
  out.ascii(',"propensities":[')
  writeDrawn(drawnItems, out)
  if (drawnItems.steps.length > 0) out.ascii(',')
  writeDrawn(drawnBasket, out)
  out.ascii(']')
}

/** Each choice begins with the null that gives nothing. */
function writeDrawn({ steps, probabilities }: Drawn<ItemStep | BasketStep>, out: JsonBytes): void {
  for (let from = 0; from < steps.length; ) {
    let to = from + 1
    while (to < steps.length && steps[to] !== null) to++
    out.ascii(from === 0 ? '{"actions":[' : ',{"actions":[')
    writeActions(steps, from + 1, to, out)
    out.ascii('],"probabilities":[')
    writeRuns(probabilities, from, to, out)
    out.ascii(']}')
    from = to
  }
}

/** Neighbouring steps of one campaign stand as one entry. */
function writeActions(steps: (ItemStep | BasketStep | null)[], from: number, to: number, out: JsonBytes): void {
  for (let first = from; first < to; ) {
    const step = steps[first]
    if (step === null) return
    let last = first
    for (; last + 1 < to; last++) {
      const next = steps[last + 1]
      if (next === null || next.on !== step.on || next.number !== step.number + last + 1 - first) break
    }
    out.ascii(first === from ? step.asLogged : `,${step.asLogged}`)
    if (last > first) {
      out.ascii('-')
      out.number(step.number + last - first)
    }
    out.ascii('"')
    first = last + 1
  }
}

/** Equal numbers in a row stand as one with how many there are. */
function writeRuns(numbers: number[], from: number, to: number, out: JsonBytes): void {
  for (let first = from; first < to; ) {
    let after = first + 1
    while (after < to && numbers[after] === numbers[first]) after++
    if (first > from) out.ascii(',')
    const isRun = after - first > 1
    if (isRun) out.ascii('[')
    out.number(numbers[first])
    if (isRun) {
      out.ascii(',')
      out.number(after - first)
      out.ascii(']')
    }
    first = after
  }
}

/** Those that are told, each behind its position. */
function writeNumbers(numbers: Float64Array, isTold: (position: number) => boolean, out: JsonBytes): void {
  out.ascii('[')
  let isFirst = true
  for (let position = 0; position < numbers.length; position++) {
    if (!isTold(position)) continue
    out.ascii(isFirst ? '[' : ',[')
    out.number(position)
    out.ascii(',')
    out.number(numbers[position])
    out.ascii(']')
    isFirst = false
  }
  out.ascii(']')
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
  const filled = (told: OfCampaign[], rest: number) => {
    const numbers = new Float64Array(count).fill(rest)
    for (const [position, value] of told) numbers[position] = value
    return numbers
  }
  return {
    remainingMinor: filled(campaigns.remainingMinor, Number.POSITIVE_INFINITY),
    remainingUses: filled(campaigns.remainingUses, Number.POSITIVE_INFINITY),
    dualPrices: filled(campaigns.budgetDualPrice, 0),
  }
}
