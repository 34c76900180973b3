import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { answerText } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { JsonBytes } from '../../core/scoring/json-bytes.ts'
import { PIECES, Pieces } from '../../core/scoring/json-pieces.ts'
import { encodeStrings, stringAt } from '../../core/snapshot/strings.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const SEEDED = { seed: 7, numRuns: 2000 }

const HOSTILE = [
  '"',
  '\\',
  '\u0000',
  '\n',
  '\u007f',
  '\u2028',
  'é',
  '満減',
  '😀',
  '</script>',
  '{"a":1}',
  'x'.repeat(300),
]

let g: Generation
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTinyShop({ items: HOSTILE.map((key) => ({ key })).sort((a, b) => byBytes(a.key, b.key)) })
  close = opened.close
  g = openGeneration(opened.image, 0)
})
afterAll(() => close())

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

function written(write: (out: JsonBytes) => void): string {
  const out = new JsonBytes(g, new SharedArrayBuffer(1))
  write(out)
  return out.view().toString()
}

/** A copy of a table in the kernel's memory, in scratch that writing does not use. */
function inKernel(bytes: Uint8Array): { pointer: number } {
  const { pointer, view } = g.arena.foldScratch
  expect(bytes.length).toBeLessThan(view.byteLength)
  new Uint8Array(g.image.memory.buffer).set(bytes, pointer)
  return { pointer }
}

const bits = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map((word) => Number(new Float64Array(new BigUint64Array([word]).buffer)[0]))

test('a number is the bytes that JSON.stringify gives: any double, integers, shares, numbers that are none', () => {
  const number = fc.oneof(
    bits,
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.float(),
    fc.double({ min: -1, max: 1 }),
  )
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      expect(
        written((out) => {
          numbers.forEach((value, i) => {
            out.number(i === 0 ? PIECES.open : PIECES.comma, value)
          })
          out.piece(numbers.length === 0 ? g.pieces.of('[]') : PIECES.close)
        }),
      ).toBe(JSON.stringify(numbers))
    }),
    SEEDED,
  )
  const special = [
    -0,
    0,
    1e-6,
    9.999999e-7,
    1e-7,
    1e21,
    -1e21,
    2 ** 31,
    2 ** 31 - 1,
    2 ** 53,
    -(2 ** 53),
    Number.NaN,
    Number.NEGATIVE_INFINITY,
  ]
  for (const value of special) expect(written((out) => out.number(PIECES.nothing, value))).toBe(JSON.stringify(value))
})

test('a string is the bytes that JSON.stringify gives, as text and as a string of a table, lone surrogates too', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...HOSTILE, '\ud800', '\udc00x'))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), fc.nat(), (texts, position) => {
      const i = position % texts.length
      expect(written((out) => out.string(texts[i]))).toBe(Buffer.from(JSON.stringify(texts[i])).toString())
      const { bytes, offsets } = encodeStrings(texts)
      expect(written((out) => out.stringAt(PIECES.nothing, inKernel(bytes), offsets, i))).toBe(
        JSON.stringify(stringAt(bytes, offsets, i)),
      )
    }),
    SEEDED,
  )
})

test('bytes of a table that are no UTF-8 are told as they are read', () => {
  const table = Uint8Array.from([0x61, 0xff, 0xed, 0xa0, 0x80, 0x62])
  const offsets = Uint32Array.from([0, 6])
  expect(written((out) => out.stringAt(PIECES.nothing, inKernel(table), offsets, 0))).toBe(
    JSON.stringify(stringAt(table, offsets, 0)),
  )
})

test('words are written as hex digits of a fixed width', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (word) => {
      expect(written((out) => out.hex(word, 8))).toBe(word.toString(16).padStart(8, '0'))
    }),
    SEEDED,
  )
})

test('an answer is the bytes that JSON.stringify gives for it, whatever the keys, titles, offers and explanations', () => {
  const common = { state: 'live' as const, startsAt: 0, endsAt: 2_000_000_000_000 }
  const file = {
    version: 1 as const,
    currency: 'GBP',
    policy: { holdoutBps: 1000, explorationFloor: 0.05, temperatureMinor: 7 },
    campaigns: [
      {
        ...common,
        id: 'c',
        mechanism: 'coupon' as const,
        code: 'CODE',
        ladder: [{ percentBps: 777 }, { amountMinor: 3 }],
      },
      {
        ...common,
        id: 't',
        mechanism: 'spend_threshold' as const,
        ladder: [{ thresholdMinor: 5000, rewardMinor: 200 }],
      },
    ],
  }
  const campaigns = compileCampaigns(g, file, 'revision')
  const request = fc.record(
    {
      shopper: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      slots: fc.integer({ min: 1, max: 20 }),
      explain: fc.boolean(),
      personalise: fc.boolean(),
      history: fc.array(fc.record({ item: fc.constantFrom(...HOSTILE) }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(request, fc.integer({ min: 0, max: 1_999_999_999_999 }), (asked, time) => {
      const text = answerText(
        g,
        decide(g, {
          request: asked,
          time,
          live: emptyLiveShopper(),
          campaigns,
          remainingMinor: new Float64Array(2).fill(Number.POSITIVE_INFINITY),
          remainingUses: new Float64Array(2).fill(Number.POSITIVE_INFINITY),
          dualPrices: noPrices(2),
        }),
      )
      const answer = JSON.parse(text)
      expect(text).toBe(JSON.stringify(answer))
      expect(Number.parseInt(answer.decisionId.slice(0, 12), 16)).toBe(time)
      for (const { item, title } of answer.items) expect(title).toBe(`Title of ${item}`)
    }),
    { ...SEEDED, numRuns: 500 },
  )
})

test('parts that are more than wait at once, texts that pass and texts that are learned come out in order', () => {
  const out = new JsonBytes(g, new SharedArrayBuffer(16))
  let wanted = ''
  for (let i = 0; i < 5000; i++) {
    out.number(PIECES.score, i / 3)
    out.copy(Buffer.from(`,"é${i}":`))
    out.hex(i, 4)
    out.phrase(`"${i % 7}"`)
    wanted += `,"score":${i / 3},"é${i}":${i.toString(16).padStart(4, '0')}"${i % 7}"`
    if (i % 1000 === 999) out.copy(Buffer.from('x'.repeat(i)))
    if (i % 1000 === 999) wanted += 'x'.repeat(i)
  }
  expect(out.view().toString()).toBe(wanted)
})

test('a learned text is one piece, and what finds no room among them is written all the same', () => {
  const pieces = new Pieces(Buffer.alloc(4096))
  expect(pieces.of('campaign')).toBe(pieces.of('campaign'))
  expect(pieces.of('x'.repeat(4096))).toBe(-1)
  const many = Array.from({ length: 20_000 }, (_, i) => `text ${i}`)
  expect(many.map((text) => pieces.of(text)).at(-1)).toBe(-1)
  const all = written((out) => {
    for (const text of many) out.phrase(text)
  })
  expect(all).toBe(many.join(''))
})

test('what is set back is dropped, whether it was written already or waits', () => {
  const out = new JsonBytes(g, new SharedArrayBuffer(64))
  out.number(PIECES.open, 1)
  const { length } = out
  out.piece(PIECES.comma)
  out.length = length
  out.text(',2')
  out.length = length
  out.piece(PIECES.close)
  expect(out.view().toString()).toBe('[1]')
})
