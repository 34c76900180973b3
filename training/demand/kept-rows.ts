/** Which rows can be used, and why the others cannot. */
export class KeptRows {
  readonly setAside: Record<string, number> = {}
  readonly #kept: Uint8Array

  constructor(nRows: number) {
    this.#kept = new Uint8Array(nRows).fill(1)
  }

  /** Natural logarithms; of numbers that have none, NaN. */
  logs(name: string, values: Float64Array, isLog: boolean): Float64Array {
    this.finite(values)
    if (isLog) return values
    values.forEach((value, row) => {
      if (value <= 0) this.#leaveOut(row, `${name} not positive`)
    })
    return values.map(Math.log)
  }

  finite(values: Float64Array): void {
    values.forEach((value, row) => {
      if (Number.isNaN(value)) this.#leaveOut(row, 'missing value')
    })
  }

  inStock(stock: Float64Array): void {
    stock.forEach((value, row) => {
      if (value <= 0) this.#leaveOut(row, 'out of stock')
    })
  }

  inOrder(rank: Uint32Array): Uint32Array {
    const rows = Uint32Array.from({ length: rank.length }, (_, row) => row).filter((row) => this.#kept[row] === 1)
    return rows.sort((x, y) => rank[x] - rank[y] || x - y)
  }

  #leaveOut(row: number, reason: string): void {
    if (this.#kept[row] === 1) this.setAside[reason] = (this.setAside[reason] ?? 0) + 1
    this.#kept[row] = 0
  }
}
