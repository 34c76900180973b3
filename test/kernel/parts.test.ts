import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

type Part = { piece: string } & (
  | { kind: 'alone' }
  | { kind: 'number'; value: number }
  | { kind: 'string'; bytes: Buffer }
)

const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
const isEscaped = (character: string) => character < ' ' || character === '"' || character === '\\'
const text = fc
  .oneof(ascii, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constant('満減 é 😀 \u2028'))
  .map((any) => Buffer.from([...any].filter((character) => !isEscaped(character)).join('')))
const number = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -0, 0.88, 0.01, 1e-6),
  fc.double({ min: 1e-6, max: 2 ** 53, maxExcluded: true, noNaN: true }),
  fc.double({ min: -1000, max: -1e-6, noNaN: true }),
)
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ piece: ascii, kind: fc.constant('alone' as const) }),
  fc.record({ piece: ascii, kind: fc.constant('number' as const), value: number }),
  fc.record({ piece: ascii, kind: fc.constant('string' as const), bytes: text }),
)

/** Out of place, overlong, a surrogate, beyond the last character, cut off. */
const NO_UTF8 = [
  [0x80],
  [0xc1, 0xbf],
  [0xe0, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xff],
  [0xe6, 0xbb],
  [0xf0, 0x9f, 0x98],
]

/** One part after the other. */
function naive(parts: Part[]): string {
  return parts
    .map((each) => {
      if (each.kind === 'alone') return each.piece
      return each.piece + JSON.stringify(each.kind === 'number' ? each.value : each.bytes.toString())
    })
    .join('')
}

describe.each(BUILDS)('parts of JSON, %s build', (build) => {
  const arena = new Arena(build)
  const { kernel, memory } = arena

  function written(parts: Part[]): { done: number; text: string } {
    arena.reset()
    const placed = (texts: Buffer[]) => arena.place(Buffer.concat([...texts, Buffer.alloc(16)]))
    const pieces = placed(parts.map(({ piece }) => Buffer.from(piece)))
    const texts = placed(parts.flatMap((each) => (each.kind === 'string' ? [each.bytes] : [])))
    const columns = arena.room(16 * parts.length)
    const words = new Uint32Array(memory.buffer, columns, 4 * parts.length)
    const numbers = new Float64Array(memory.buffer, columns, 2 * parts.length)
    let [place, start] = [0, 0]
    parts.forEach((each, i) => {
      words[4 * i] = ['alone', 'number', 'string'].indexOf(each.kind)
      words[4 * i + 1] = (place << 12) | each.piece.length
      place += each.piece.length
      if (each.kind === 'number') numbers[2 * i + 1] = each.value
      if (each.kind !== 'string') return
      words[4 * i + 2] = texts + start
      words[4 * i + 3] = each.bytes.length
      start += each.bytes.length
    })
    const memo = arena.room(kernel.MEMO_BYTES.value)
    const length = arena.room(4)
    const out = arena.room(Buffer.byteLength(naive(parts)) + 64)
    const done = kernel.writeParts(columns, parts.length, pieces, memo, out, length)
    const [bytes] = arena.readU32(length, 1)
    return { done, text: Buffer.from(memory.buffer as ArrayBuffer, out, bytes).toString() }
  }

  it('are written one after the other, numbers that come again too', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const again = [...parts, ...parts]
        expect(written(again)).toEqual({ done: again.length, text: naive(again) })
      }),
      SEEDED,
    )
  })

  it('stop behind the piece of a number with an exponent or of none, and of a string that is escaped or no UTF-8', () => {
    const before: Part = { piece: 'before', kind: 'number', value: 1.5 }
    const after: Part = { piece: 'after', kind: 'alone' }
    const left: Part[] = [
      ...[1e-7, -1e-7, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY].map(
        (value): Part => ({ piece: ':', kind: 'number', value }),
      ),
      ...[[0x22], [0x5c], [0x0a], [0x1f], ...NO_UTF8].flatMap((bytes) =>
        ['', 'x', '12345678', 'é'].flatMap((beside): Part[] => [
          { piece: ':', kind: 'string', bytes: Buffer.concat([Buffer.from(beside), Buffer.from(bytes)]) },
          { piece: ':', kind: 'string', bytes: Buffer.concat([Buffer.from(bytes), Buffer.from(beside)]) },
        ]),
      ),
    ]
    for (const each of left) expect(written([before, each, after])).toEqual({ done: 1, text: 'before1.5:' })
  })
})
