/** Writes hnswlib's file format by its description: every element linked to every other of its level. */

const M = 8

/** `levels[i]`: highest level of element i. At most M elements. */
export function hnswBytes(vectors: number[][], levels: number[]): Buffer {
  const maxLevel = Math.max(...levels)
  const upper = levels.map((_, i) => upperLevels(levels, i))
  return Buffer.concat([
    header(vectors.length, vectors[0].length, maxLevel, levels.indexOf(maxLevel)),
    ...vectors.map((vector, i) => element(vector, i, vectors.length)),
    ...upper,
  ])
}

function header(n: number, dim: number, maxLevel: number, entryPoint: number): Buffer {
  const dataOffset = 4 + 4 * 2 * M
  const bytes = Buffer.alloc(96)
  const words = [0, n, n, dataOffset + 4 * dim + 8, dataOffset + 4 * dim, dataOffset]
  for (const [i, word] of words.entries()) bytes.writeBigUInt64LE(BigInt(word), 8 * i)
  bytes.writeInt32LE(maxLevel, 48)
  bytes.writeUInt32LE(entryPoint, 52)
  for (const [i, word] of [M, 2 * M, M].entries()) bytes.writeBigUInt64LE(BigInt(word), 56 + 8 * i)
  bytes.writeDoubleLE(1 / Math.log(M), 80)
  bytes.writeBigUInt64LE(100n, 88)
  return bytes
}

function element(vector: number[], label: number, n: number): Buffer {
  const others = Array.from({ length: n }, (_, i) => i).filter((i) => i !== label)
  const tail = Buffer.alloc(8)
  tail.writeBigUInt64LE(BigInt(label))
  return Buffer.concat([links(others, 2 * M), Buffer.from(Float32Array.from(vector).buffer), tail])
}

function upperLevels(levels: number[], i: number): Buffer {
  const lists = Array.from({ length: levels[i] }, (_, level) =>
    links(
      [...levels.keys()].filter((j) => j !== i && levels[j] > level),
      M,
    ),
  )
  const body = Buffer.concat(lists)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(body.length)
  return Buffer.concat([length, body])
}

function links(neighbours: number[], room: number): Buffer {
  const words = new Uint32Array(1 + room)
  words[0] = neighbours.length
  words.set(neighbours, 1)
  return Buffer.from(words.buffer)
}
