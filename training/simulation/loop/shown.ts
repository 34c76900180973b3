/** What every visit was shown: columns over visits · slots, filled by the policy that decides and read by the others. */

export const NOTHING_SHOWN = -1

export class Shown {
  readonly slots: number
  /** Index of the snapshot, or NOTHING_SHOWN behind a list that ended early. */
  readonly item: Int32Array
  readonly priceMinor: Int32Array
  /** The scorer's probability of buying without an offer, and its log-odds before what is known of the shopper is added. */
  readonly probability: Float32Array
  readonly logOdds: Float32Array

  constructor(visits: number, slots: number) {
    this.slots = slots
    this.item = new Int32Array(visits * slots).fill(NOTHING_SHOWN)
    this.priceMinor = new Int32Array(visits * slots)
    this.probability = new Float32Array(visits * slots)
    this.logOdds = new Float32Array(visits * slots)
  }
}

/** What one policy gives in one visit, by slot. */
export class Given {
  readonly discountMinor: Int32Array
  /** Position of the campaign in its file; -1 where nothing is given. */
  readonly campaign: Int32Array

  constructor(slots: number) {
    this.discountMinor = new Int32Array(slots)
    this.campaign = new Int32Array(slots)
  }

  clear(): void {
    this.discountMinor.fill(0)
    this.campaign.fill(-1)
  }

  set(slot: number, campaign: number, discountMinor: number): void {
    this.discountMinor[slot] = discountMinor
    this.campaign[slot] = campaign
  }
}
