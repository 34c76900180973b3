/** The segment that is written. After any failure it is sealed for good: a sync that failed once proves nothing later. */
import { dirname } from 'node:path'
import { type Files, type WrittenFile, writeWhole } from '../files/files.ts'
import { SEGMENT_HEADER_BYTES, segmentHeader } from './frame.ts'

export class OpenSegment {
  /** Where durable bytes end; 0 while nothing is durable. */
  durable = 0
  readonly path: string
  readonly startedAt: number
  readonly #files: Files
  readonly #file: WrittenFile

  private constructor(files: Files, path: string, file: WrittenFile, now: number) {
    this.#files = files
    this.path = path
    this.#file = file
    this.startedAt = now
  }

  /** A new file with its header; it counts once its first rows are durable. Leaves none behind when it rejects, if it can. */
  static async begin(files: Files, path: string, firstSequence: number, now: number): Promise<OpenSegment> {
    const segment = new OpenSegment(files, path, await files.create(path), now)
    try {
      await writeWhole(segment.#file, segmentHeader(firstSequence), 0)
      return segment
    } catch (error) {
      await segment.seal()
      throw error
    }
  }

  /** Where the next frames go. */
  get end(): number {
    return this.durable === 0 ? SEGMENT_HEADER_BYTES : this.durable
  }

  /** Resolves when the frames survive a power cut. */
  async append(frames: Uint8Array): Promise<void> {
    const position = this.end
    await writeWhole(this.#file, frames, position)
    await this.#file.datasync()
    if (this.durable === 0) await this.#files.syncFolder(dirname(this.path))
    this.durable = position + frames.length
  }

  /**
   * Nothing is written to it any more. What is behind its durable bytes is taken away where the disk lets it; where not,
   * readers stop there, because the next segment gives those sequences again.
   */
  async seal(): Promise<void> {
    const tidy = this.durable === 0 ? () => this.#files.remove(this.path) : () => this.#file.truncate(this.durable)
    await tidy().catch(() => {})
    await this.#file.close().catch(() => {})
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
