/**
 * Requests of the decision log as traffic that is still to come: an even sample of the last weeks, each moved by whole weeks into
 * the week after the log's end, so that hours of the week stay what they were.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { checkCondition } from '../../core/contract/conditions.ts'
import { DECISION_ROW_VERSION, type DecisionRow, type LiveShopper } from '../../core/contract/decision-row.ts'
import { LoggedLiveShopper } from '../../core/contract/logged-live.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { DecideRequest } from '../../core/contract/requests.ts'
import { eachRow, type LogRange } from '../effects/log-rows.ts'

const WEEK_MS = 7 * 86_400_000
/** Traffic changes with the season; what is older says less of next week. */
const WEEKS = 4

const DecisionPart = Type.Object({
  v: Type.Literal(DECISION_ROW_VERSION),
  shop: Type.String(),
  time: Type.Integer({ minimum: 0 }),
  request: DecideRequest,
  live: LoggedLiveShopper,
})
const decisionPart = Compile(DecisionPart)

type Logged = Pick<DecisionRow, 'shop' | 'time' | 'request' | 'live'>

export interface ExpectedTraffic {
  /** Of a week to come; each stands for as many. */
  requests: Pick<DecisionRow, 'time' | 'request' | 'live'>[]
  /** Decisions that came in an hour in the mean. */
  perHour: number
  /** Rows that could not be read, by what is wrong with them. */
  damaged: Record<string, number>
}

/** Null: less than an hour of decisions is logged. At most `most` requests, evenly over the log. */
export async function expectedTraffic(range: LogRange, most: number): Promise<ExpectedTraffic | null> {
  const damaged: Record<string, number> = {}
  const rows: Logged[] = []
  let step = 1
  let seen = 0
  let firstMs = Number.POSITIVE_INFINITY
  let lastMs = 0
  await eachRow(range, 'decisions', damaged, parseLogged, (row) => {
    firstMs = Math.min(firstMs, row.time)
    lastMs = Math.max(lastMs, row.time)
    if (seen++ % step !== 0) return
    rows.push(row)
    if (rows.length < WEEKS * most) return
    step *= 2
    const thinned = rows.filter((_, i) => i % 2 === 0)
    rows.splice(0, rows.length, ...thinned)
  })
  const fromMs = Math.max(firstMs, lastMs - WEEKS * WEEK_MS)
  if (!(lastMs - fromMs >= HOUR_MS)) return null
  const recent = rows.filter(({ time }) => time >= fromMs)
  const every = Math.ceil(recent.length / most)
  return {
    requests: recent.filter((_, i) => i % every === 0).map((row) => moved(row, lastMs)),
    perHour: (recent.length * step * HOUR_MS) / (lastMs - fromMs),
    damaged,
  }
}

const HOUR_MS = 3_600_000

function parseLogged(line: string): Logged {
  const row = parseAs<Logged>(decisionPart, parseJson(line))
  if (row.request.filters?.where !== undefined) checkCondition(row.request.filters.where, 'request.filters.where')
  return row
}

function moved({ time, request, live }: Logged, lastMs: number): ExpectedTraffic['requests'][number] {
  const byMs = WEEK_MS * Math.ceil((lastMs - time + 1) / WEEK_MS)
  return { time: time + byMs, request, live: liveMoved(live, byMs) }
}

function liveMoved({ events, contacts, uses, offers, offerRoom }: LiveShopper, byMs: number): LiveShopper {
  const later = <Mark extends { time: number }>(mark: Mark): Mark => ({ ...mark, time: mark.time + byMs })
  return {
    events: events.map(later),
    contacts: contacts.map(later),
    uses: uses?.map(later),
    offers: offers?.map((offer) => ({ ...offer, until: offer.until + byMs })),
    offerRoom,
  }
}
