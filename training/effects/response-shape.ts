/** Which parameters of the response model there are, and which of them a row of a segment and a campaign touches. */
import { NO_OFFER } from './response-rows.ts'

/** Prior of a mechanism nobody has tried: it moves the odds as its price does, give or take a factor of e^±1 at 95 %. */
export const PRIOR = { show: 0, slope: 1, spread: 0.5 }
/** Spreads are numbered by what they are of; 0: a prior of its own. */
export const SPREAD = { own: 0, base: 1, segmentShow: 2, segmentSlope: 3, campaignShow: 4, campaignSlope: 5 } as const

/** Parameters stand as: common base, bases of segments, mechanisms, mechanisms in segments, campaigns; show before slope. */
export class ResponseShape {
  readonly nSegments: number
  readonly nMechanisms: number
  /** By campaign. */
  readonly mechanismOf: readonly number[]
  readonly nParameters: number
  readonly #mechanisms: number
  readonly #segments: number
  readonly #campaigns: number

  constructor(nSegments: number, nMechanisms: number, mechanismOf: readonly number[]) {
    this.nSegments = nSegments
    this.nMechanisms = nMechanisms
    this.mechanismOf = mechanismOf
    this.#mechanisms = 1 + (nSegments > 1 ? nSegments : 0)
    this.#segments = this.#mechanisms + 2 * nMechanisms
    this.#campaigns = this.#segments + 2 * nMechanisms * (nSegments - 1)
    this.nParameters = this.#campaigns + 2 * mechanismOf.length
  }

  /** Parameters whose sum is a segment's base. */
  base(segment: number): number[] {
    return this.nSegments > 1 ? [0, 1 + segment] : [0]
  }

  /** Parameters whose sum is a show; each one's slope comes next. `campaign`: `NO_OFFER` for one not seen yet. */
  show(mechanism: number, segment: number, campaign: number): number[] {
    const parts = [this.#mechanisms + 2 * mechanism]
    if (segment > 0) parts.push(this.#segments + 2 * (mechanism * (this.nSegments - 1) + segment - 1))
    if (campaign !== NO_OFFER) parts.push(this.#campaigns + 2 * campaign)
    return parts
  }

  /** By parameter, the number of its prior's spread. */
  kinds(): Uint8Array {
    return Uint8Array.from({ length: this.nParameters }, (_, p) => {
      if (p < this.#mechanisms) return p === 0 ? SPREAD.own : SPREAD.base
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
