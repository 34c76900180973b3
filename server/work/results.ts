/** Gathers a batch's answers, log rows and effects in a worker, and packs them for the HTTP thread. */
import { moved } from '../../core/native/pool.ts'
import type { BatchResult, Effects } from './messages.ts'
import { TextBuffer } from './text-buffer.ts'

export class Results {
  effects: Effects = noEffects()
  readonly decisionRows = new TextBuffer()
  readonly eventRows = new TextBuffer()
  readonly #answers = new TextBuffer()
  #words: number[] = []

  /** The next request's answer. */
  answer(status: number, text: string): void {
    this.#answers.write(text)
    this.#words.push(status, this.#answers.length)
  }

  /** One moved buffer; everything here is empty again. */
  pack(): BatchResult {
    const header = 4 * this.#words.length
    const decisionRows = header + this.#answers.length
    const eventRows = decisionRows + this.decisionRows.length
    const bytes = Buffer.allocUnsafeSlow(eventRows + this.eventRows.length)
    const words = new Uint32Array(bytes.buffer, 0, this.#words.length)
    for (let i = 0; i < words.length; i += 2) {
      words[i] = this.#words[i]
      words[i + 1] = header + this.#words[i + 1]
    }
    this.#answers.copyTo(bytes, header)
    this.decisionRows.copyTo(bytes, decisionRows)
    this.eventRows.copyTo(bytes, eventRows)
    const count = words.length / 2
    const effects = isEmpty(this.effects) ? null : this.effects
    const result = { bytes: bytes.buffer, count, decisionRows, eventRows, effects, ...this.#rowCounts() }
    this.#clear()
    return moved(result, [bytes.buffer])
  }

  #rowCounts() {
    return { nDecisions: this.decisionRows.count, nEvents: this.eventRows.count }
  }

  #clear(): void {
    this.#words = []
    this.#answers.clear()
    this.decisionRows.clear()
    this.eventRows.clear()
    this.effects = noEffects()
  }
}

function noEffects(): Effects {
  return { reserved: [], changes: [], spendings: [], failures: [] }
}

function isEmpty({ reserved, changes, spendings, failures }: Effects): boolean {
  return reserved.length + changes.length + spendings.length + failures.length === 0
}
