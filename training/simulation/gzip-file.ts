/**
 * Text into a gzip file at the pace of the disk. The gzip header carries no time, so equal text gives equal bytes with
 * the same Node. The file gets its name only when it is whole.
 */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** Compression level: text of this kind shrinks to a fifth at 1, and little more for twice the time. */
const LEVEL = 1

export class GzipFile {
  private readonly path: string
  private readonly gzip = createGzip({ level: LEVEL, chunkSize: 256 * 1024 })
  private readonly written: Promise<void>

  constructor(path: string) {
    this.path = path
    this.written = pipeline(this.gzip, createWriteStream(`${path}.partial`))
    // A full disk is told by the next `write` or by `close`; until then it must not count as unhandled.
    this.written.catch(() => {})
  }

  /** Resolves when there is room for more. */
  async write(text: string): Promise<void> {
    if (this.gzip.destroyed) await this.written
    if (!this.gzip.write(text)) await Promise.race([once(this.gzip, 'drain'), this.written])
  }

  async close(): Promise<void> {
    this.gzip.end()
    await this.written
    await rename(`${this.path}.partial`, this.path)
  }
}
