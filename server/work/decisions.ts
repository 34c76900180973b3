/** POST /v1/decide, /v1/recommend and /v1/similar: from a body to an answer, its log row and its reservations. */
import type { DecideRequest, RecommendRequest, SimilarRequest } from '../../core/contract/requests.ts'
import { writeAnswer } from '../../core/scoring/answer.ts'
import { catalogueSequence } from '../../core/scoring/catalogue.ts'
import { type DecideArguments, type Decision, decide, type Reservation } from '../../core/scoring/decide.ts'
import { merchandiseAt } from '../../core/scoring/merchandise.ts'
import { recommend, similar } from '../../core/scoring/recommend.ts'
import { writeRow } from '../../core/scoring/row.ts'
import { requestOf, SCHEMAS, textOf, timeOf } from './asked.ts'
import type { WorkContext } from './context.ts'
import type { Rows } from './results.ts'

/** Decisions that lost their budget to another worker, or read a catalogue in change, are made again this often. */
const ATTEMPTS = 100

/** Where an answer stands in `results.out`, and the log row that it is a part of. */
export interface Written {
  start: number
  end: number
  rows?: Rows
}

export function answerDecide(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const request = requestOf<DecideRequest>(SCHEMAS.decide, textOf(body))
  const { start, end, rows } = writeDecision(context, request, body, trusted, now)
  context.results.answer(200, start, end, rows)
}

/** `body`: the request as it came, for the log. */
export function writeDecision(
  context: WorkContext,
  request: DecideRequest,
  body: Buffer,
  trusted: boolean,
  now: number,
): Written {
  const args: DecideArguments = {
    request,
    time: timeOf(request.time, trusted, now),
    live: context.readLive(request),
    campaigns: context.campaigns,
    remainingMinor: context.remainingMinor(),
    dualPrices: context.dualPrices,
  }
  const decision = decideAndReserve(context, args)
  return request.preview ? previewed(context, decision) : logged(context, args, decision, trusted, body)
}

function previewed({ generation, results }: WorkContext, decision: Decision): Written {
  const start = results.out.length
  writeAnswer(generation, decision, results.out)
  return { start, end: results.out.length }
}

/** The answer is the part of its row that says what was answered: it is written once. */
function logged(
  context: WorkContext,
  args: DecideArguments,
  decision: Decision,
  trusted: boolean,
  body: Buffer,
): Written {
  const { generation, results } = context
  noteReserved(context, decision.reservations)
  const start = results.out.length
  const answer = writeRow(generation, args, decision, trusted, body, results.out)
  return { ...answer, rows: { start, end: results.out.length, count: 1 } }
}

/** A decision that holds: what it promises is taken from the budgets, and the catalogue stood still meanwhile. */
function decideAndReserve(context: WorkContext, args: DecideArguments): Decision {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { live } = context.generation
    const before = catalogueSequence(live)
    const decision = decide(context.generation, args)
    const still = (before & 1) === 0 && catalogueSequence(live) === before
    if (still && (args.request.preview || reserveAll(context, decision.reservations))) return decision
    args.remainingMinor = context.remainingMinor()
  }
  throw new Error(`no decision held in ${ATTEMPTS} attempts: budgets or catalogue change faster than decisions`)
}

/** Takes all reservations or none. */
function reserveAll(context: WorkContext, reservations: Reservation[]): boolean {
  for (let r = 0; r < reservations.length; r++) {
    const { position, amountMinor } = reservations[r]
    const slot = context.slot(position)
    if (slot < 0 || context.budgets.reserve(slot, amountMinor)) continue
    giveBack(context, reservations.slice(0, r))
    return false
  }
  return true
}

function giveBack(context: WorkContext, reservations: Reservation[]): void {
  for (const { position, amountMinor } of reservations) {
    const slot = context.slot(position)
    if (slot >= 0) context.budgets.add(slot, amountMinor)
  }
}

function noteReserved(context: WorkContext, reservations: Reservation[]): void {
  for (const { position, amountMinor, validUntil } of reservations) {
    const slot = context.slot(position)
    if (slot >= 0) context.results.effects.reserved.push(slot, amountMinor, validUntil)
  }
}

export function answerRecommend(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const request = requestOf<RecommendRequest>(SCHEMAS.recommend, textOf(body))
  context.results.answerText(200, recommendText(context, request, trusted, now))
}

export function recommendText(context: WorkContext, request: RecommendRequest, trusted: boolean, now: number): string {
  const time = timeOf(request.time, trusted, now)
  const merchandise = merchandiseAt(context.campaigns, time)
  return JSON.stringify(recommend(context.generation, request, context.readLive(request), time, merchandise))
}

export function answerSimilar(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const request = requestOf<SimilarRequest>(SCHEMAS.similar, textOf(body))
  timeOf(request.time, trusted, now)
  context.results.answerText(200, JSON.stringify(similar(context.generation, request)))
}
