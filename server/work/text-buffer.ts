/** Text written as UTF-8 into one buffer that is used again for every batch. */
export class TextBuffer {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024)
  length = 0
  /** Texts written. */
  count = 0

  write(text: string): void {
    const most = this.length + 3 * text.length
    if (most > this.#bytes.length) this.#grow(most)
    this.length += this.#bytes.write(text, this.length)
    this.count++
  }

  copyTo(target: Uint8Array, at: number): void {
    target.set(this.#bytes.subarray(0, this.length), at)
  }

  clear(): void {
    this.length = 0
    this.count = 0
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.length))
    this.#bytes = larger
  }
}
