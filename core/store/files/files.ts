/**
 * The border to the file system: every call by which the log changes the disk, and no other. It stands behind an interface so
 * that a test can make any one of them fail (`test/support/faulty-files.ts`).
 *
 * All reject with the system's error, whose `code` tells what happened. Nothing here tries again.
 */
import { type FileHandle, open, readdir, statfs, unlink } from 'node:fs/promises'

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
  create: async (path) => written(await open(path, 'wx')),
  change: async (path) => written(await open(path, 'r+')),
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

function written(handle: FileHandle): WrittenFile {
  return {
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    datasync: () => handle.datasync(),
    truncate: (bytes) => handle.truncate(bytes),
    close: () => handle.close(),
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
