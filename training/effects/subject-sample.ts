/**
 * Whose impressions are learned from: everybody's while they fit in memory, else those of a share of the shoppers and sessions.
 * It is drawn by a hash of their keys, so it has nothing to do with what they do, and an equal log gives an equal sample.
 */
const ALL = 2 ** 32

export class SubjectSample {
  /** Those whose hash is below are in the sample. */
  #limit = ALL
  readonly #numbers = new Map<string, number>()
  /** By number. */
  readonly #hashes: number[] = []

  /** Share of the subjects that is in the sample: 1, 1/2, 1/4 … */
  get share(): number {
    return this.#limit / ALL
  }

  /** The same number each time; null where the subject is not in the sample. */
  numberOf(subject: string): number | null {
    const known = this.#numbers.get(subject)
    if (known !== undefined) return known
    const hash = hashOf(subject)
    if (hash >= this.#limit) return null
    this.#numbers.set(subject, this.#hashes.length)
    return this.#hashes.push(hash) - 1
  }

  has(number: number): boolean {
    return this.#hashes[number] < this.#limit
  }

  halve(): void {
    this.#limit /= 2
    for (const [subject, number] of this.#numbers) if (!this.has(number)) this.#numbers.delete(subject)
  }

  /** Leaves the rows of those in the sample, in place. `pair`: one of the columns, subject · items + item. */
  thin(columns: Record<string, number[]>, pair: readonly number[], items: number): void {
    const stays = pair.map((number) => this.has(Math.floor(number / items)))
    for (const column of Object.values(columns)) {
      let kept = 0
      for (const [row, value] of column.entries()) if (stays[row]) column[kept++] = value
      column.length = kept
    }
  }
}

/** FNV-1a over the characters, then the finaliser of MurmurHash3: the high bits decide, and FNV leaves them alike. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
