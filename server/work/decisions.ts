/** POST /v1/decide, /v1/recommend and /v1/similar: from a body to an answer, its log row and what it promised. */
import type { DecideRequest, RecommendRequest, SimilarRequest } from '../../core/contract/requests.ts'
import { writeAnswer, writeRecommendation } from '../../core/scoring/answer.ts'
import { catalogueSequence } from '../../core/scoring/catalogue.ts'
import { type DecideArguments, type Decision, decide } from '../../core/scoring/decide.ts'
import { hashOf, subjectOf } from '../../core/scoring/keys.ts'
import { merchandiseAt } from '../../core/scoring/merchandise.ts'
import { recommended, similar } from '../../core/scoring/recommend.ts'
import { writeRow } from '../../core/scoring/row.ts'
import type { SubjectHash } from '../../core/store/shoppers.ts'
import { requestOf, SCHEMAS, textOf, timeOf } from './asked.ts'
import type { WorkContext } from './context.ts'
import { keepIssued, noteReserved, reserveAll } from './issued.ts'
import type { Rows } from './results.ts'

/** Decisions that lost their budget to another worker, or read a catalogue in change, are made again this often. */
const ATTEMPTS = 100

/** Where an answer stands in `results.out`, and the log row that it is a part of. */
export interface Written {
  start: number
  end: number
  rows: Rows | undefined
}

export function answerDecide(
  context: WorkContext,
  body: Buffer,
  trusted: boolean,
  now: number,
  degraded: boolean,
): void {
  const request = requestOf<DecideRequest>(SCHEMAS.decide, textOf(body))
  if (degraded && context.campaigns.policy.prices === 'personal') answerDegraded(context, request, body, trusted, now)
  else {
    const { start, end, rows } = writeDecision(context, request, body, trusted, now)
    context.results.answer(200, start, end, rows)
  }
}

/**
 * Popular items without offers, and no row in the log: there is no choice in it to learn from. Prices that are the same for all are
 * not given this way: what is public must not depend on how busy a server is.
 */
function answerDegraded(
  context: WorkContext,
  request: DecideRequest,
  body: Buffer,
  trusted: boolean,
  now: number,
): void {
  const { out } = context.results
  const { start } = writeDecision(context, withoutShopper(request), body, trusted, now)
  out.length--
  out.text(DEGRADED_END)
  context.results.answer(200, start, out.length)
}

const DEGRADED_END = ',"degraded":true}'

/** Whoever asks is left out; what must not be shown stays so. */
function withoutShopper({
  shopper: _,
  session: _s,
  history: _h,
  traits: _t,
  ...request
}: DecideRequest): DecideRequest {
  return { ...request, personalise: false, explain: false, preview: true }
}

/** `body`: the request as it came, for the log. */
export function writeDecision(
  context: WorkContext,
  request: DecideRequest,
  body: Buffer,
  trusted: boolean,
  now: number,
): Written {
  const { remainingMinor, remainingUses } = context.remaining()
  const args: DecideArguments = {
    request,
    time: timeOf(request.time, trusted, now),
    live: context.readLive(request),
    campaigns: context.campaigns,
    remainingMinor,
    remainingUses,
    dualPrices: context.dualPrices,
    codeOf: context.personalCodes?.ofSubject(request),
  }
  const holder = holderOf(context, request)
  if (holder === null) return decideAndWrite(context, args, null, trusted, body)
  context.kept.lock(holder)
  try {
    context.kept.read(holder, args.time, args.live)
    return decideAndWrite(context, args, holder, trusted, body)
  } finally {
    context.kept.unlock(holder)
  }
}

/** Whose offers are kept; null where no offers are given, or to nobody. */
export function holderOf(
  context: WorkContext,
  request: Pick<DecideRequest, 'shopper' | 'session' | 'personalise'>,
): SubjectHash | null {
  const subject = subjectOf(request)
  const { byHash, policy } = context.campaigns
  if (subject === null || byHash.size === 0 || request.personalise === false || policy.prices !== 'personal')
    return null
  return hashOf(context.generation, subject)
}

function decideAndWrite(
  context: WorkContext,
  args: DecideArguments,
  holder: SubjectHash | null,
  trusted: boolean,
  body: Buffer,
): Written {
  const decision = decideAndReserve(context, args)
  context.results.noteAnswer(decision.slots.length, decision.personalised, discountOf(decision))
  if (args.request.preview) return previewed(context, decision)
  if (holder !== null) keepIssued(context, holder, decision, args.time)
  return logged(context, args, decision, trusted, body)
}

function discountOf({ slots }: Decision): number {
  return slots.reduce((sum, { offer }) => sum + (offer?.discountMinor ?? 0), 0)
}

function previewed({ generation, results }: WorkContext, decision: Decision): Written {
  const start = results.out.length
  writeAnswer(generation, decision, results.out)
  return { start, end: results.out.length, rows: undefined }
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
  noteReserved(context, decision.issued)
  results.out.align()
  const start = results.out.length
  const answer = writeRow(generation, args, decision, trusted, body, results.out)
  return { start: answer.start, end: answer.end, rows: { start, end: results.out.length, count: 1 } }
}

/** A decision that holds: what it promises is taken from the budgets, and the catalogue stood still meanwhile. */
function decideAndReserve(context: WorkContext, args: DecideArguments): Decision {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { live } = context.generation
    const before = catalogueSequence(live)
    const decision = decide(context.generation, args)
    const still = (before & 1) === 0 && catalogueSequence(live) === before
    if (still && (args.request.preview || reserveAll(context, decision.issued))) return decision
    Object.assign(args, context.remaining())
  }
  throw new Error(`no decision held in ${ATTEMPTS} attempts: budgets or catalogue change faster than decisions`)
}

export function answerRecommend(
  context: WorkContext,
  body: Buffer,
  trusted: boolean,
  now: number,
  degraded: boolean,
): void {
  const request = requestOf<RecommendRequest>(SCHEMAS.recommend, textOf(body))
  const { out } = context.results
  const start = out.length
  if (degraded && (request.list ?? 'for_you') === 'for_you') {
    writeRecommended(context, { ...request, list: 'popular' }, trusted, now)
    out.length--
    out.text(DEGRADED_END)
  } else writeRecommended(context, request, trusted, now)
  context.results.answer(200, start, out.length)
}

/** Writes an answer at the end of `results.out`. */
export function writeRecommended(context: WorkContext, request: RecommendRequest, trusted: boolean, now: number): void {
  const time = timeOf(request.time, trusted, now)
  const { generation, results } = context
  const found = recommended(
    generation,
    request,
    context.readLive(request),
    time,
    merchandiseAt(context.campaigns, time),
  )
  results.noteAnswer(found.items.length, found.personalised, 0)
  writeRecommendation(generation, found, results.out)
}

export function answerSimilar(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const request = requestOf<SimilarRequest>(SCHEMAS.similar, textOf(body))
  timeOf(request.time, trusted, now)
  const { out } = context.results
  const start = out.length
  writeRecommendation(context.generation, similar(context.generation, request), out)
  context.results.answer(200, start, out.length)
}
