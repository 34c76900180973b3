import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { BatchReader, BatchWriter, newSlab, RESULT_HEADER_BYTES, ResultReader } from '../../server/work/messages.ts'
import { Results } from '../../server/work/results.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

let room: Generation
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTinyShop({ items: [{ key: 'a' }] })
  close = opened.close
  room = openGeneration(opened.image, 0)
})
afterAll(() => close())

function passed(writer: BatchWriter, slab: SharedArrayBuffer): { bodies: string[]; large: boolean } {
  const large = writer.copyTo(slab)
  const reader = new BatchReader(large ?? slab)
  const bodies = Array.from(
    { length: reader.count },
    (_, i) => `${reader.route(i)} ${reader.isTrusted(i)} ${reader.body(i)}`,
  )
  return { bodies, large: large !== null }
}

test('requests arrive through the slab, and a writer that is used again tells nothing of the batch before', () => {
  const { requests } = newSlab()
  const writer = new BatchWriter()
  for (let i = 0; i < 3; i++) writer.add(i, i === 1, Buffer.from(`body ${i}`))
  expect(passed(writer, requests)).toEqual({
    bodies: ['decide false body 0', 'recommend true body 1', 'similar false body 2'],
    large: false,
  })
  writer.clear()
  writer.add(0, false, Buffer.from('x'))
  expect(passed(writer, requests)).toEqual({ bodies: ['decide false x'], large: false })
})

test('requests that the slab has no room for arrive in memory of their own', () => {
  const { requests } = newSlab()
  const writer = new BatchWriter()
  const bodies = Array.from({ length: 3 }, (_, i) => String(i).repeat(requests.byteLength / 2))
  for (const body of bodies) writer.add(0, false, Buffer.from(body))
  expect(passed(writer, requests)).toEqual({ bodies: bodies.map((body) => `decide false ${body}`), large: true })
})

test.each([100, 2_000_000])('answers and rows of %i bytes come back, from the slab or past it', (bytes) => {
  const { results: slab } = newSlab()
  const results = new Results(room)
  results.begin(slab)
  const row = 'r'.repeat(bytes)
  results.out.text(`${row}\n`)
  results.answerText(200, 'first', { start: RESULT_HEADER_BYTES, end: RESULT_HEADER_BYTES + bytes + 1, count: 1 })
  results.answerText(404, 'second')
  const { largeResults, effects } = results.finish()
  const reader = new ResultReader(largeResults ?? slab)
  expect(largeResults === null).toBe(bytes < slab.byteLength)
  expect(effects).toBeNull()
  expect([reader.status(0), reader.answer(0).toString(), reader.nRows(0)]).toEqual([200, 'first', 1])
  expect(reader.rows(0).toString()).toBe(`${row}\n`)
  expect([reader.status(1), reader.answer(1).toString(), reader.nRows(1)]).toEqual([404, 'second', 0])
})
