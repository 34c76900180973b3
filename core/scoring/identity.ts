/**
 * What makes a decision repeatable: its id, its draws and the permanent hold-out are hashes of its arguments, never of
 * a clock or a generator's state.
 */
import type { DecisionId } from '../contract/ids.ts'
import { BPS } from '../contract/money.ts'
import type { DecideRequest } from '../contract/requests.ts'
import type { Generation } from './generation.ts'
import { hashOf, subjectOf } from './keys.ts'

export interface Identity {
  decisionId: DecisionId
  /** Key of this decision's random numbers. */
  drawLo: number
  drawHi: number
}

/** 12 hex digits of the time, so that ids sort by it, and 20 of two hashes of what was asked. */
export function identify(g: Generation, request: DecideRequest, time: number, campaignRevision: string): Identity {
  const asked = [
    g.image.id,
    campaignRevision,
    subjectOf(request) ?? '',
    request.requestId ?? '',
    request.item ?? '',
    request.page ?? '',
    request.channel ?? '',
    request.slots ?? '',
    time,
  ].join('\n')
  const { lo, hi } = hashOf(g, asked)
  const tail = hashOf(g, asked, 1).lo & 0xffff
  return { decisionId: hex(time, 12) + hex(hi, 8) + hex(lo, 8) + hex(tail, 4), drawLo: lo, drawHi: hi }
}

/** A number in [0, 1) for draw `position` of a decision: Philox4x32-10 keyed by the decision. */
export function draw(g: Generation, { drawLo, drawHi }: Identity, position: number): number {
  return g.kernel.uniform(position, 0, 0, 0, drawLo, drawHi)
}

/** Whether a shopper belongs to the permanent hold-out: the same answer for ever, in every snapshot. */
export function isHeldOut(g: Generation, subject: string | null, holdoutBps: number): boolean {
  if (subject === null || holdoutBps === 0) return false
  const { lo } = hashOf(g, `holdout\0${g.image.manifest.shop}\0${subject}`)
  return lo / 2 ** 32 < holdoutBps / BPS
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
