/**
 * A snapshot is read, hashed, checked and given its live columns in one go. While another one serves that happens in a thread of
 * its own: in the listening thread it held everybody up (p99 during a swap, twenty thousand items: 130 ms there, 93 here). The thread
 * stays: of the CPU time that opening twenty thousand items takes in a new one, two thirds go into starting it and compiling its code.
 */
import type { KeyObject } from 'node:crypto'
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import type { SnapshotId } from '../../core/contract/ids.ts'
import { WorkerPool } from '../../core/native/pool.ts'
import { fillLiveCatalogue } from '../../core/scoring/catalogue.ts'
import { liveCatalogueOf, reserveBytes } from '../../core/scoring/generation.ts'
import { openSnapshot, type SnapshotImage } from '../../core/snapshot/open.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'

export interface OpeningTask {
  folder: string
  id: SnapshotId
  arenas: number
  publicKeys?: KeyObject[]
  requireSignature?: boolean
}

/** An error loses its class between threads. */
export type Opened = { image: SnapshotImage } | { fault: Fault }

/** Throws what `openSnapshot` throws. */
export async function openImage({ folder, id, arenas, ...policy }: OpeningTask): Promise<SnapshotImage> {
  const reserved = { reserveBytes: (segment: Parameters<typeof reserveBytes>[0]) => reserveBytes(segment, arenas) }
  const image = await openSnapshot(folder, { expectedId: id, ...reserved, ...policy })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  return image
}

/** The same, in a thread of its own. */
export class OpeningThread {
  readonly #pool = new WorkerPool<OpeningTask, Opened>({
    file: new URL('./opener.js', import.meta.url),
    workers: 1,
    turnsWhenIdle: true,
  })

  async open(task: OpeningTask): Promise<SnapshotImage> {
    const opened = await this.#pool.run(task)
    if ('fault' in opened) throw new OfferwrightError(opened.fault.code, opened.fault.message, opened.fault)
    return opened.image
  }

  /** At once; what is being opened rejects. */
  end(): Promise<void> {
    return this.#pool.destroy()
  }
}
