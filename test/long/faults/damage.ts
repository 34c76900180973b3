/** Ways in which bytes of files go wrong. A damaged copy is made; what is given stays as it is. */
import type { Random } from '../../../bench/random.ts'

export type Files = Map<string, Buffer>

const LONGEST_BLOCK = 256

/** `files` with one bit, or a few, of one file flipped. */
export function flipped(files: Files, file: string, random: Random, flips = 1): Files {
  const bytes = Buffer.from(bytesOf(files, file))
  for (let f = 0; f < flips; f++) bytes[random.below(bytes.length)] ^= 1 << random.below(8)
  return new Map([[file, bytes]])
}

export function truncated(files: Files, file: string, random: Random): Files {
  const bytes = bytesOf(files, file)
  return new Map([[file, bytes.subarray(0, random.below(bytes.length))]])
}

/** Any damage to any of the files; it may happen to change nothing. Answers with the files it touched. */
export function damaged(files: Files, random: Random): Files {
  const names = [...files.keys()]
  const [one, other] = [names[random.below(names.length)], names[random.below(names.length)]]
  const kind = random.below(7)
  if (kind <= 1) return flipped(files, one, random, 1 + random.below(4))
  if (kind === 2) return truncated(files, one, random)
  if (kind === 3) return filled(files, one, random)
  if (kind === 4) return lengthened(files, one, other, random)
  if (kind === 5) return swappedBlocks(files, one, other, random)
  return new Map([
    [one, bytesOf(files, other)],
    [other, bytesOf(files, one)],
  ])
}

function filled(files: Files, file: string, random: Random): Files {
  const bytes = Buffer.from(bytesOf(files, file))
  const start = random.below(bytes.length)
  bytes.fill(random.below(256), start, start + 1 + random.below(bytes.length - start))
  return new Map([[file, bytes]])
}

function lengthened(files: Files, file: string, other: string, random: Random): Files {
  const more = bytesOf(files, other)
  return new Map([[file, Buffer.concat([bytesOf(files, file), more.subarray(random.below(more.length))])]])
}

/** A block of one file and one of the same length of another, or of the same file, change places. */
function swappedBlocks(files: Files, one: string, other: string, random: Random): Files {
  const a = Buffer.from(bytesOf(files, one))
  const b = one === other ? a : Buffer.from(bytesOf(files, other))
  const length = 1 + random.below(Math.min(LONGEST_BLOCK, a.length, b.length))
  const [i, j] = [random.below(a.length - length + 1), random.below(b.length - length + 1)]
  const block = Buffer.from(a.subarray(i, i + length))
  b.copy(a, i, j, j + length)
  block.copy(b, j)
  return new Map([
    [one, a],
    [other, b],
  ])
}

function bytesOf(files: Files, file: string): Buffer {
  const bytes = files.get(file)
  if (bytes === undefined) throw new Error(`no file ${file}`)
  return bytes
}
