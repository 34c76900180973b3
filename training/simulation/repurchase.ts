/** What each shopper will have used up, and when: the two newest consumables, in flat columns. */
const SLOTS = 2
/** Days after the due day in which the shopper still thinks of it. */
const PATIENCE_DAYS = 21

export class RepurchaseState {
  private readonly item: Int32Array
  private readonly day: Uint16Array

  constructor(shoppers: number) {
    this.item = new Int32Array(shoppers * SLOTS).fill(-1)
    this.day = new Uint16Array(shoppers * SLOTS)
  }

  /** A consumable that is used up on `day`, or -1. */
  dueItem(shopper: number, day: number): number {
    for (let slot = shopper * SLOTS; slot < (shopper + 1) * SLOTS; slot++)
      if (this.item[slot] >= 0 && day >= this.day[slot] && day <= this.day[slot] + PATIENCE_DAYS) return this.item[slot]
    return -1
  }

  /** The newest purchase comes first; the same item has one slot. */
  bought(shopper: number, item: number, dueDay: number): void {
    const first = shopper * SLOTS
    if (this.item[first] !== item) {
      this.item[first + 1] = this.item[first]
      this.day[first + 1] = this.day[first]
    }
    this.item[first] = item
    this.day[first] = dueDay
  }
}
