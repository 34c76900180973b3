/** Between a decision and its log row: the row keeps every argument, so the decision can be made again from it. */
import { DECISION_ROW_VERSION, type DecisionRow } from '../contract/decision-row.ts'
import { type LiveShopperColumns, liveShopperFromRow, liveShopperToRow } from '../contract/live.ts'
import { writeAnswer } from './answer.ts'
import type { BasketStep, CompiledCampaigns, ItemStep } from './campaigns.ts'
import { catalogueSequence } from './catalogue.ts'
import type { Drawn } from './choice.ts'
import type { DecideArguments, Decision } from './decide.ts'
import type { Generation } from './generation.ts'
import type { JsonBytes } from './json-bytes.ts'

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
  out.ascii(',"live":')
  writeLive(args.live, out)
  writeCampaigns(args, out)
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
  if (live.nEvents + live.nContacts === 0) out.ascii('{"events":[],"contacts":[]}')
  else out.ascii(JSON.stringify(liveShopperToRow(live)))
}

function writeCampaigns({ remainingMinor, dualPrices }: DecideArguments, out: JsonBytes): void {
  out.ascii(',"campaigns":{"remainingMinor":')
  writeNumbers(remainingMinor, 0, remainingMinor.length, out)
  out.ascii(',"budgetDualPrice":')
  writeNumbers(dualPrices, 0, dualPrices.length, out)
  out.ascii('}')
}

function writePropensities({ drawnItems, drawnBasket }: Decision, out: JsonBytes): void {
  out.ascii(',"propensities":[')
  writeDrawn(drawnItems, out)
  if (drawnItems.steps.length > 0) out.ascii(',')
  writeDrawn(drawnBasket, out)
  out.ascii(']')
}

function writeDrawn({ steps, probabilities }: Drawn<ItemStep | BasketStep>, out: JsonBytes): void {
  for (let from = 0; from < steps.length; ) {
    out.ascii(from === 0 ? '{"actions":["nothing"' : ',{"actions":["nothing"')
    let to = from + 1
    for (; to < steps.length; to++) {
      const step = steps[to]
      if (step === null) break
      out.ascii(step.asLogged)
    }
    out.ascii('],"probabilities":')
    writeNumbers(probabilities, from, to, out)
    out.ascii('}')
    from = to
  }
}

/** Infinity becomes null. */
function writeNumbers(numbers: ArrayLike<number>, from: number, to: number, out: JsonBytes): void {
  out.ascii('[')
  for (let i = from; i < to; i++) {
    if (i > from) out.ascii(',')
    out.number(numbers[i])
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
    remainingMinor: Float64Array.from(row.campaigns.remainingMinor, (left) => left ?? Number.POSITIVE_INFINITY),
    dualPrices: Float64Array.from(row.campaigns.budgetDualPrice),
  }
}
