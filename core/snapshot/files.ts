/** Reading and writing files of any size, and making what was written survive a power cut. */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OfferwrightError } from '../contract/errors.ts'

/** One system call moves at most 2 GiB, and a buffer of a few MiB stays in the processor's cache while it is hashed. */
export const CHUNK_BYTES = 4 * 1024 * 1024

/**
 * Opens a regular file of this very folder: no symbolic link, and no pipe, whose opening would wait for ever.
 * The caller closes the handle.
 */
export async function openPlainFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new OfferwrightError('snapshot_corrupt', `not a regular file: ${path}`, { value: path })
}

/** Fills `target` from `position`. Throws `snapshot_corrupt` where the file ends before. */
export async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < target.length) {
    const length = Math.min(CHUNK_BYTES, target.length - done)
    const { bytesRead } = await file.read(target, done, length, position + done)
    if (bytesRead === 0)
      throw new OfferwrightError('snapshot_corrupt', `file ends at byte ${position + done}`, { value: position + done })
    done += bytesRead
  }
}

export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const length = Math.min(CHUNK_BYTES, bytes.length - done)
    done += (await file.write(bytes, done, length, position + done)).bytesWritten
  }
}

/** Makes the names in a folder durable: a rename survives a power cut only after this. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Writes a file whole or not at all: beside its place, synced, renamed over it, the folder synced.
 * A reader sees the old bytes or the new ones, whenever the process dies.
 */
export async function writeDurably(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const beside = `${path}.tmp-${randomBytes(6).toString('hex')}`
  const file = await open(beside, 'wx')
  try {
    await write(file)
    await file.sync()
    await file.close()
    await rename(beside, path)
  } catch (error) {
    await file.close()
    await unlink(beside)
    throw error
  }
  await syncFolder(dirname(path))
}
