/**
 * Which ids came lately: at least the newest `window`, at most twice as many. Two sets take turns: when one is full, the older
 * one is forgotten as a whole, so that nothing is ever searched for the oldest.
 */
export class RecentIds {
  readonly #window: number
  #newer = new Set<string>()
  #older = new Set<string>()

  /** `window`: 1 or more. */
  constructor(window: number) {
    this.#window = window
  }

  has(id: string): boolean {
    return this.#newer.has(id) || this.#older.has(id)
  }

  add(id: string): void {
    this.#newer.add(id)
    if (this.#newer.size < this.#window) return
    this.#older = this.#newer
    this.#newer = new Set()
  }

  /** As if it had not come. */
  forget(id: string): void {
    this.#newer.delete(id)
    this.#older.delete(id)
  }
}
