/**
 * What a power cut leaves of the files that recorded calls changed. Certain is only what a sync covered that had returned: the
 * bytes of a file that were written before its sync began, and names that were made, changed or removed before a sync of their
 * folder began. A sync of a file also keeps the name it was made under, and the folders above it, as ext4, XFS and Btrfs do.
 *
 * Beyond that any part of the rest may have reached the disk: with chance given, some sectors of 512 bytes do, and some names.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
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

class RecordedFolder {
  readonly names: Names = new Map()
  /** Names that a power cut leaves. */
  readonly kept: Names = new Map()
}

type Names = Map<string, RecordedFile | RecordedFolder>

interface Place {
  folder: RecordedFolder
  name: string
}

interface NameChange {
  number: number
  of: RecordedFile | RecordedFolder
  removed: Place | null
  made: Place | null
}

export class CutDisk {
  readonly #folder: string
  readonly #root = new RecordedFolder()
  #pendingNames: NameChange[] = []
  /** By the number of a sync that is under way, when it began. */
  readonly #syncs = new Map<bigint, number>()
  #calls = 0

  /** `folder`: below it are the files that are looked at; what was there before the first call is not among them. */
  constructor(folder: string) {
    this.#folder = folder
  }

  apply(call: FileCall): void {
    const number = this.#calls++
    const { path, argument, data } = call
    const file = this.#at(path)
    if (call.call === 'c') this.#change({ number, of: new RecordedFile(), removed: null, made: this.#place(path) })
    else if (call.call === 'm')
      this.#change({ number, of: new RecordedFolder(), removed: null, made: this.#place(path) })
    else if (call.call === 's') this.#syncs.set(argument, number)
    else if (call.call === 'S') this.#sync(path, this.#syncs.get(argument) ?? 0)
    else if (file === undefined) return
    else if (call.call === 'u' || call.call === 'd')
      this.#change({ number, of: file, removed: this.#place(path), made: null })
    else if (call.call === 'r')
      this.#change({ number, of: file, removed: this.#place(path), made: this.#place(data.toString()) })
    else if (file instanceof RecordedFolder) return
    else if (call.call === 'w') file.pending.push({ number, offset: Number(argument), data })
    else if (call.call === 't') file.pending.push({ number, offset: Number(argument) })
  }

  #at(path: string): RecordedFile | RecordedFolder | undefined {
    if (path === this.#folder) return this.#root
    const { folder, name } = this.#place(path)
    return folder.names.get(name)
  }

  /** Folders that were there before the first call are made here, and are kept. */
  #place(path: string): Place {
    const names = relative(this.#folder, path).split(sep)
    const name = names.pop() ?? ''
    let folder = this.#root
    for (const one of names) {
      let next = folder.names.get(one)
      if (!(next instanceof RecordedFolder)) {
        next = new RecordedFolder()
        folder.names.set(one, next)
        folder.kept.set(one, next)
      }
      folder = next
    }
    return { folder, name }
  }

  #change(change: NameChange): void {
    keepName(({ names }) => names, change)
    this.#pendingNames.push(change)
  }

  #sync(path: string, began: number): void {
    const synced = this.#at(path)
    if (synced === undefined) return
    const isCovered = ({ number, of, removed, made }: NameChange) =>
      number < began &&
      (synced instanceof RecordedFile
        ? removed === null && (of === synced || this.#isAbove(of, path))
        : removed?.folder === synced || made?.folder === synced)
    if (synced instanceof RecordedFile) synced.keep(began)
    for (const change of this.#pendingNames.filter(isCovered)) keepName(({ kept }) => kept, change)
    this.#pendingNames = this.#pendingNames.filter((change) => !isCovered(change))
  }

  #isAbove(node: RecordedFile | RecordedFolder, path: string): boolean {
    for (let above = dirname(path); above.length > this.#folder.length; above = dirname(above))
      if (this.#at(above) === node) return true
    return false
  }

  /** Writes the files that are left. With `random` some of what no sync covered is there too. */
  async writeTo(folder: string, random: Random | null): Promise<void> {
    const left = new Map<RecordedFolder, Names>()
    const namesIn = (one: RecordedFolder): Names => {
      const names = left.get(one) ?? new Map(one.kept)
      left.set(one, names)
      return names
    }
    if (random !== null) for (const change of this.#pendingNames) if (random.below(2) === 0) keepName(namesIn, change)
    await writeFolder(this.#root, folder, namesIn, random)
  }
}

async function writeFolder(
  folder: RecordedFolder,
  place: string,
  namesIn: (folder: RecordedFolder) => Names,
  random: Random | null,
): Promise<void> {
  await mkdir(place, { recursive: true })
  for (const [name, one] of namesIn(folder))
    if (one instanceof RecordedFolder) await writeFolder(one, join(place, name), namesIn, random)
    else await writeFile(join(place, name), random === null ? one.bytes : one.torn(random))
}

function keepName(namesIn: (folder: RecordedFolder) => Names, { of, removed, made }: NameChange): void {
  if (removed !== null && namesIn(removed.folder).get(removed.name) === of) namesIn(removed.folder).delete(removed.name)
  if (made !== null) namesIn(made.folder).set(made.name, of)
}
