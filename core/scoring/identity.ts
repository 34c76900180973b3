/**
 * What makes a decision repeatable: its id, its draws and the permanent hold-out are hashes of its arguments, never of
 * a clock or a generator's state.
 */
import { BPS } from '../contract/money.ts'
import type { DecideRequest } from '../contract/requests.ts'
import type { Generation } from './generation.ts'
import { hashOf, subjectOf } from './keys.ts'

/** A decision's id: 12 hex digits of its time, so that ids sort by it, then 20 of two hashes of what was asked. */
export interface Identity {
  time: number
  /** Hash of what was asked; also the key of this decision's random numbers. */
  hi: number
  lo: number
  /** 16 bits of the other hash. */
  tail: number
}

export function identify(g: Generation, request: DecideRequest, time: number, campaignRevision: string): Identity {
  const { requestId = '', item = '', page = '', channel = '', slots = '' } = request
  const subject = subjectOf(request) ?? ''
  const asked = `${g.image.id}\n${campaignRevision}\n${subject}\n${requestId}\n${item}\n${page}\n${channel}\n${slots}\n${time}`
  const { lo, hi } = hashOf(g, asked)
  return { time, hi, lo, tail: hashOf(g, asked, 1).lo & 0xffff }
}

/** A number in [0, 1) for draw `position` of a decision: Philox4x32-10 keyed by the decision. */
export function draw(g: Generation, { lo, hi }: Identity, position: number): number {
  return g.kernel.uniform(position, 0, 0, 0, lo, hi)
}

/** Whether a shopper belongs to the permanent hold-out, of the shop or of a campaign: the same for ever, in every snapshot. */
export function isHeldOut(g: Generation, subject: string | null, holdoutBps: number, campaign = ''): boolean {
  if (subject === null || holdoutBps === 0) return false
  const of = campaign === '' ? '' : `${campaign}\0`
  const { lo } = hashOf(g, `holdout\0${g.image.manifest.shop}\0${of}${subject}`)
  return lo / 2 ** 32 < holdoutBps / BPS
}
