/** Which parameters of the response model there are, and which of them a row of a segment and a campaign touches. */
import { NO_OFFER } from './response-rows.ts'

/** Prior of a mechanism nobody has tried: it moves the odds as its price does, give or take a factor of e^±1 at 95 %. */
export const PRIOR = { show: 0, slope: 1, spread: 0.5 }
/** Spreads are numbered by what they are of; 0: a prior of its own. */
export const SPREAD = {
  own: 0,
  base: 1,
  segmentShow: 2,
  segmentSlope: 3,
  campaignShow: 4,
  campaignSlope: 5,
  lineShow: 6,
  lineSlope: 7,
} as const
/** Who answers more does so to the price, not to being offered anything. */
export const LINE = { show: 0.05, slope: 2 }

/** A parameter that counts `times`. */
export interface Part {
  parameter: number
  times: number
}

/**
 * Parameters stand as: common base, bases of segments, index, mechanisms, mechanisms in segments, campaigns; show before slope.
 * `index` tells by segment how far it is expected to answer beyond all others: its show and slope lie on a line over it, the
 * same for all mechanisms, and off the line by its own.
 */
export class ResponseShape {
  readonly nSegments: number
  readonly nMechanisms: number
  /** By campaign. */
  readonly mechanismOf: readonly number[]
  readonly nParameters: number
  readonly #index: Float64Array
  readonly #line: number
  readonly #mechanisms: number
  readonly #segments: number
  readonly #campaigns: number

  constructor(index: Float64Array, nMechanisms: number, mechanismOf: readonly number[]) {
    const nSegments = index.length
    this.#index = index
    this.nSegments = nSegments
    this.nMechanisms = nMechanisms
    this.mechanismOf = mechanismOf
    this.#line = 1 + (nSegments > 1 ? nSegments : 0)
    this.#mechanisms = this.#line + (nSegments > 1 ? 2 : 0)
    this.#segments = this.#mechanisms + 2 * nMechanisms
    this.#campaigns = this.#segments + 2 * nMechanisms * (nSegments - 1)
    this.nParameters = this.#campaigns + 2 * mechanismOf.length
  }

  /** Parameters that add up to a segment's base. */
  base(segment: number): Part[] {
    return [once(0), ...(this.nSegments > 1 ? [once(1 + segment)] : [])]
  }

  /** Parameters that add up to a show; each one's slope comes next. `campaign`: `NO_OFFER` for one not seen yet. */
  show(mechanism: number, segment: number, campaign: number): Part[] {
    const parts = [once(this.#mechanisms + 2 * mechanism)]
    if (segment > 0) {
      parts.push({ parameter: this.#line, times: this.#index[segment] })
      parts.push(once(this.#segments + 2 * (mechanism * (this.nSegments - 1) + segment - 1)))
    }
    if (campaign !== NO_OFFER) parts.push(once(this.#campaigns + 2 * campaign))
    return parts
  }

  /** By parameter, the number of its prior's spread. */
  kinds(): Uint8Array {
    return Uint8Array.from({ length: this.nParameters }, (_, p) => {
      if (p < this.#line) return p === 0 ? SPREAD.own : SPREAD.base
      if (p < this.#mechanisms) return SPREAD.lineShow + (p - this.#line)
      if (p < this.#segments) return SPREAD.own
      return (p < this.#campaigns ? SPREAD.segmentShow : SPREAD.campaignShow) + ((p - this.#segments) % 2)
    })
  }

  /** 1 for the slopes of mechanisms. */
  priorMeans(): Float64Array {
    return Float64Array.from({ length: this.nParameters }, (_, p) => {
      if (p < this.#mechanisms || p >= this.#segments) return 0
      return (p - this.#mechanisms) % 2 === 1 ? PRIOR.slope : PRIOR.show
    })
  }
}

function once(parameter: number): Part {
  return { parameter, times: 1 }
}
