/** Rows of events as columns, for one day at a time: what happens is drawn visit by visit and written in order of time. */

/** Kinds a shop's export knows, by stored code. */
export const EXPORTED_KINDS = ['view', 'cart', 'purchase'] as const
export const KIND = { view: 0, cart: 1, purchase: 2 } as const

export class EventColumns {
  length = 0
  /** Second of the day. */
  second = new Uint32Array(1024)
  /** Position of the visit in the plan. */
  visit = new Uint32Array(1024)
  shopper = new Uint32Array(1024)
  /** 1: the export does not name the shopper. */
  anonymous = new Uint8Array(1024)
  kind = new Uint8Array(1024)
  item = new Uint32Array(1024)
  quantity = new Uint8Array(1024)
  /** Unit price asked, before the discount. */
  priceMinor = new Int32Array(1024)
  /** What the promotion took off the whole row. */
  discountMinor = new Int32Array(1024)
  /** 1: a promotion ran on the item's category, also where the drawn depth is 0. */
  promoted = new Uint8Array(1024)

  clear(): void {
    this.length = 0
  }

  /** Position of a new row, whose fields the caller fills. */
  add(): number {
    if (this.length === this.second.length) this.grow()
    return this.length++
  }

  private grow(): void {
    this.second = doubled(this.second, Uint32Array)
    this.visit = doubled(this.visit, Uint32Array)
    this.shopper = doubled(this.shopper, Uint32Array)
    this.anonymous = doubled(this.anonymous, Uint8Array)
    this.kind = doubled(this.kind, Uint8Array)
    this.item = doubled(this.item, Uint32Array)
    this.quantity = doubled(this.quantity, Uint8Array)
    this.priceMinor = doubled(this.priceMinor, Int32Array)
    this.discountMinor = doubled(this.discountMinor, Int32Array)
    this.promoted = doubled(this.promoted, Uint8Array)
  }

  /** Row positions in order of time; rows of one second keep the order in which they were drawn. */
  inTimeOrder(): Float64Array {
    const keys = new Float64Array(this.length)
    for (let row = 0; row < this.length; row++) keys[row] = this.second[row] * ROWS_PER_DAY + row
    keys.sort()
    return keys.map((key) => key % ROWS_PER_DAY)
  }
}

const ROWS_PER_DAY = 2 ** 32

function doubled<Column extends { length: number; set(from: Column): void }>(
  column: Column,
  Type: new (length: number) => Column,
): Column {
  const larger = new Type(column.length * 2)
  larger.set(column)
  return larger
}
