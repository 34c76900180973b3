import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { checkContents } from '../../core/snapshot/contents.ts'
import { type Manifest, parseManifest, renderManifest } from '../../core/snapshot/manifest.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from './tiny-shop.ts'

let bytes: Buffer
let manifest: Manifest

beforeAll(async () => {
  const publication = await tinyPublication()
  bytes = await readFile(join(publication.store, await publishSnapshot(publication), 'manifest.json'))
  manifest = parseManifest(bytes)
})

function parsed(change: (draft: Manifest & Record<string, unknown>) => void): Manifest {
  const draft = JSON.parse(bytes.toString())
  change(draft)
  const result = parseManifest(Buffer.from(JSON.stringify(draft)))
  checkContents(result)
  return result
}

function sectionOf(draft: Manifest, name: string) {
  return draft.segments[0].sections.find((section) => section.name === name) ?? draft.segments[0].sections[0]
}

test('rendering what was parsed gives the same bytes', () => {
  expect(Buffer.from(renderManifest(manifest)).toString()).toBe(bytes.toString())
})

test('an allocation is kept as it is, by campaign', () => {
  const hourShares = new Array<number>(168).fill(1 / 168)
  const allocation = {
    summer: { dualPrice: 0.25, hourShares },
    winter: { dualPrice: 0 },
    spring: { dualPrice: 0, stockDualPrice: 40, returnDualPrice: 1.5 },
  }
  const once = parsed((d) => Object.assign(d.model, { allocation }))
  expect(once.model.allocation).toEqual(allocation)
  expect(parseManifest(renderManifest(once))).toEqual(once)
})

describe('what a manifest may not say', () => {
  const cases: [string, (draft: Manifest & Record<string, unknown>) => void, object][] = [
    ['another format', (d) => Object.assign(d, { format: 3 }), { code: 'snapshot_unsupported', field: 'format' }],
    [
      'two segments',
      (d) => d.segments.push(d.segments[0]),
      { code: 'snapshot_unsupported', message: 'snapshot manifest: 2 segments, this version reads 1' },
    ],
    ['no segment', (d) => d.segments.pop(), { code: 'snapshot_corrupt', field: 'manifest.segments' }],
    ['an unknown field', (d) => Object.assign(d, { surprise: 1 }), { code: 'snapshot_corrupt' }],
    ['a negative watermark', (d) => Object.assign(d, { watermark: -1 }), { field: 'manifest.watermark' }],
    [
      'a price of a budget below 0',
      (d) => Object.assign(d.model, { allocation: { summer: { dualPrice: -1 } } }),
      { code: 'snapshot_corrupt', field: 'manifest.model.allocation.summer.dualPrice' },
    ],
    [
      'a price of a return floor below 0',
      (d) => Object.assign(d.model, { allocation: { summer: { dualPrice: 0, returnDualPrice: -1 } } }),
      { code: 'snapshot_corrupt', field: 'manifest.model.allocation.summer.returnDualPrice' },
    ],
    [
      'a week of traffic without 168 hours',
      (d) => Object.assign(d.model, { allocation: { summer: { dualPrice: 0, hourShares: [1] } } }),
      { code: 'snapshot_corrupt', field: 'manifest.model.allocation.summer.hourShares' },
    ],
    [
      'shares of traffic that do not sum to 1',
      (d) => Object.assign(d.model, { allocation: { summer: { dualPrice: 0, hourShares: new Array(168).fill(0) } } }),
      { code: 'snapshot_corrupt', field: 'manifest.model.allocation.summer.hourShares' },
    ],
    ['a file outside the folder', (d) => Object.assign(d.segments[0].sections[0], { file: '../x.safetensors' }), {}],
    ['an absolute file', (d) => Object.assign(d.segments[0].sections[0], { file: '/etc/x.hnsw' }), {}],
    ['a missing section', (d) => d.segments[0].sections.splice(1, 1), { field: 'similarity' }],
    ['a section twice', (d) => d.segments[0].sections.push(sectionOf(d, 'prices')), { field: 'prices' }],
    ['an unknown section', (d) => Object.assign(sectionOf(d, 'prices'), { name: 'secrets' }), { field: 'prices' }],
    [
      'two sections in one file',
      (d) => Object.assign(sectionOf(d, 'prices'), { file: 'popularity.safetensors' }),
      { field: 'prices' },
    ],
    ['a missing tensor', (d) => sectionOf(d, 'popularity').tensors.pop(), { field: 'popularity' }],
    [
      'an extra tensor',
      (d) => sectionOf(d, 'popularity').tensors.push({ name: 'extra', dtype: 'U8', shape: [0] }),
      { field: 'popularity' },
    ],
    [
      'another type of a tensor',
      (d) => Object.assign(sectionOf(d, 'popularity').tensors[0], { dtype: 'F64' }),
      { field: 'popularity' },
    ],
    ['another number of items', (d) => Object.assign(d.segments[0], { items: 7 }), { field: 'catalogue' }],
    ['another number of shoppers', (d) => Object.assign(d.segments[0], { shoppers: 4 }), { field: 'shoppers' }],
    ['another dimension', (d) => Object.assign(d.model.vectors, { dim: 5 }), { field: 'vectors' }],
    ['another format of the index', (d) => Object.assign(sectionOf(d, 'index'), { format: 'safetensors' }), {}],
  ]
  test.each(cases)('%s', (_, change, refusal) => {
    expect(() => parsed(change)).toThrow(expect.objectContaining({ code: 'snapshot_corrupt', ...refusal }))
  })
})

test('any text is parsed or refused, and never touches a prototype', () => {
  const mutated = fc.tuple(fc.nat(), fc.string({ maxLength: 12 }), fc.nat(40)).map(([at, text, cut]) => {
    const original = bytes.toString()
    const start = at % original.length
    return original.slice(0, start) + text + original.slice(start + cut)
  })
  const polluting = fc.constantFrom('{"__proto__":{"polluted":1}}', '{"metrics":{"__proto__":{"polluted":1}}}', 'null')
  fc.assert(
    fc.property(fc.oneof(mutated, polluting, fc.json()), (text) => {
      try {
        parseManifest(Buffer.from(text))
      } catch (error) {
        expect(error).toBeInstanceOf(OfferwrightError)
      }
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    }),
    { seed: 4, numRuns: 2000 },
  )
})
