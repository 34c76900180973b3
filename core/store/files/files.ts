/**
 * The border to the file system: every call by which the log changes the disk, and no other. It stands behind an interface so
 * that a test can make any one of them fail (`test/support/faulty-files.ts`).
 *
 * All reject with the system's error, whose `code` tells what happened. Nothing here tries again.
 */
import { type FileHandle, open, readdir, statfs, unlink } from 'node:fs/promises'
import { openDirect, partToWrite } from './direct.ts'

export interface WrittenFile {
  /** Resolves with the number of bytes that were taken, which may be fewer than given. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Resolves when what was written survives a power cut. After a rejection nothing is known of the bytes since the last. */
  datasync(): Promise<void>
  truncate(bytes: number): Promise<void>
  close(): Promise<void>
}

export interface Files {
  /** A new file. Rejects with EEXIST where there is one. */
  create(path: string): Promise<WrittenFile>
  /** One that is there, to be changed. */
  change(path: string): Promise<WrittenFile>
  remove(path: string): Promise<void>
  list(folder: string): Promise<string[]>
  /** Makes names that were made or removed in a folder survive a power cut. */
  syncFolder(folder: string): Promise<void>
  /** Bytes that an ordinary user may still write. */
  freeBytes(folder: string): Promise<number>
}

export const DISK: Files = {
  create: async (path) => new DiskFile(path, await open(path, 'wx')),
  change: async (path) => new DiskFile(path, await open(path, 'r+')),
  remove: unlink,
  list: (folder) => readdir(folder),
  async syncFolder(folder) {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
}

class DiskFile implements WrittenFile {
  readonly #path: string
  readonly #handle: FileHandle
  /** Undefined: not needed yet. Null: there is none. */
  #direct: FileHandle | null | undefined

  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    const { part, isDirect } = partToWrite(bytes, position)
    const taken = isDirect ? await this.#writeDirect(part, position) : null
    return taken ?? (await this.#handle.write(part, 0, part.length, position)).bytesWritten
  }

  /** Null where the disk has no such writes or wants larger blocks; then it took no byte. */
  async #writeDirect(blocks: Uint8Array, position: number): Promise<number | null> {
    if (this.#direct === undefined) this.#direct = await openDirect(this.#path)
    if (this.#direct === null) return null
    try {
      return (await this.#direct.write(blocks, 0, blocks.length, position)).bytesWritten
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
      await this.#direct.close()
      this.#direct = null
      return null
    }
  }

  /** Covers both ways of writing. */
  datasync(): Promise<void> {
    return this.#handle.datasync()
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes)
  }

  async close(): Promise<void> {
    await this.#direct?.close()
    await this.#handle.close()
  }
}

/** Writes all of it, however many calls that takes. A file that takes nothing more is full. */
export async function writeWhole(file: WrittenFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const taken = await file.write(bytes.subarray(done), position + done)
    if (taken === 0) throw Object.assign(new Error('ENOSPC: the file takes no more bytes, write'), { code: 'ENOSPC' })
    done += taken
  }
}
