/** Runs `look` again and again, never twice at once, until stopped. Works on file systems that send no events. */
export class Poll {
  readonly #look: () => Promise<void>
  readonly #everyMs: number
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(everyMs: number, look: () => Promise<void>) {
    this.#everyMs = everyMs
    this.#look = look
    this.#wait()
  }

  /** Resolves when the look under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (!this.#stopped) this.#wait()
      })
    }, this.#everyMs)
  }
}
