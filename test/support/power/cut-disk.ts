/**
 * What a power cut leaves of the files that recorded calls changed. Certain is only what a sync covered that had returned: the
 * bytes of a file that were written before its sync began, and names that were made, changed or removed before a sync of their
 * folder began. A sync of a file also keeps the name it was made under, as ext4, XFS and Btrfs do.
 *
 * Beyond that any part of the rest may have reached the disk: with chance given, some sectors of 512 bytes do, and some names.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Random } from '../../../bench/random.ts'
import type { FileCall } from './recorder.ts'

const SECTOR_BYTES = 512

interface Change {
  number: number
  /** Absent: the file is cut to `offset`. */
  data?: Buffer
  offset: number
}

class RecordedFile {
  bytes: Buffer = Buffer.alloc(0)
  /** Not covered by a sync yet, oldest first. */
  pending: Change[] = []

  keep(upTo: number): void {
    for (const change of this.pending.filter(({ number }) => number < upTo)) this.bytes = changed(this.bytes, change)
    this.pending = this.pending.filter(({ number }) => number >= upTo)
  }

  torn(random: Random): Buffer {
    const share = random.uniform()
    let bytes: Buffer = Buffer.from(this.bytes)
    for (const { data, ...change } of this.pending) {
      if (data === undefined) {
        if (random.uniform() < share) bytes = changed(bytes, change)
        continue
      }
      for (let from = 0; from < data.length; ) {
        const to = Math.min(data.length, from + SECTOR_BYTES - ((change.offset + from) % SECTOR_BYTES))
        const sector = { ...change, data: data.subarray(from, to), offset: change.offset + from }
        if (random.uniform() < share) bytes = changed(bytes, sector)
        from = to
      }
    }
    return bytes
  }
}

function changed(bytes: Buffer, { data, offset }: Omit<Change, 'number'>): Buffer {
  const length = data === undefined ? offset : Math.max(bytes.length, offset + data.length)
  let result = bytes
  if (length !== bytes.length) {
    result = Buffer.alloc(length)
    bytes.copy(result, 0, 0, length)
  }
  if (data !== undefined) data.copy(result, offset)
  return result
}

interface NameChange {
  number: number
  folder: string
  file: RecordedFile
  removed: string | null
  made: string | null
}

export class CutDisk {
  readonly #root: string
  readonly #names = new Map<string, RecordedFile>()
  readonly #kept = new Map<string, RecordedFile>()
  #pendingNames: NameChange[] = []
  /** By the number of a sync that is under way, when it began. */
  readonly #syncs = new Map<bigint, number>()
  #calls = 0

  /** `root`: below it are the files that are looked at. */
  constructor(root: string) {
    this.#root = root
  }

  apply(call: FileCall): void {
    const number = this.#calls++
    const { path, argument, data } = call
    const file = this.#names.get(path)
    if (call.call === 'c') this.#make(path, number)
    else if (call.call === 'w') file?.pending.push({ number, offset: Number(argument), data })
    else if (call.call === 't') file?.pending.push({ number, offset: Number(argument) })
    else if (call.call === 's') this.#syncs.set(argument, number)
    else if (call.call === 'S') this.#sync(path, this.#syncs.get(argument) ?? 0)
    else if (file !== undefined) this.#rename(path, call.call === 'r' ? data.toString() : null, file, number)
  }

  #make(path: string, number: number): void {
    const file = new RecordedFile()
    this.#names.set(path, file)
    this.#pendingNames.push({ number, folder: dirname(path), file, removed: null, made: path })
  }

  #rename(path: string, to: string | null, file: RecordedFile, number: number): void {
    this.#names.delete(path)
    if (to !== null) this.#names.set(to, file)
    this.#pendingNames.push({ number, folder: dirname(path), file, removed: path, made: to })
  }

  #sync(path: string, began: number): void {
    const file = this.#names.get(path)
    const isCovered = ({ number, ...change }: NameChange) =>
      number < began && (file === undefined ? change.folder === path : change.file === file && change.removed === null)
    file?.keep(began)
    for (const change of this.#pendingNames.filter(isCovered)) keepName(this.#kept, change)
    this.#pendingNames = this.#pendingNames.filter((change) => !isCovered(change))
  }

  /** Writes the files that are left. With `random` some of what no sync covered is there too. */
  async writeTo(folder: string, random: Random | null): Promise<void> {
    const names = new Map(this.#kept)
    if (random !== null) for (const change of this.#pendingNames) if (random.below(2) === 0) keepName(names, change)
    for (const [path, file] of names) {
      const place = join(folder, relative(this.#root, path))
      await mkdir(dirname(place), { recursive: true })
      await writeFile(place, random === null ? file.bytes : file.torn(random))
    }
  }
}

function keepName(names: Map<string, RecordedFile>, { removed, made, file }: NameChange): void {
  if (removed !== null && names.get(removed) === file) names.delete(removed)
  if (made !== null) names.set(made, file)
}
