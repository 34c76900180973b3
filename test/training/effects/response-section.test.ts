import { expect, it } from 'vitest'
import { noItemTables, responseSection } from '../../../training/effects/response-section.ts'

const named = ({ curves_bytes, curves_offsets }: ReturnType<typeof responseSection>) =>
  Array.from({ length: curves_offsets.length - 1 }, (_, c) =>
    Buffer.from(curves_bytes.subarray(curves_offsets[c], curves_offsets[c + 1])).toString(),
  )
const usual = Float32Array.of(700, 0)
const onBasket = new Map([
  ['full', [1, 2, 3, 4, 5, 0, 0]],
  ['mechanism:spend_threshold', [6, 7, 8, 9, 10, 0, 0]],
])

it('has the basket’s curves beside those of items, the same in every segment', () => {
  const items = {
    segment: Uint32Array.of(1),
    base: Float32Array.of(0.5, 0),
    listed: Float32Array.of(0, 1),
    names: ['mechanism:coupon', 'spring'],
    curves: Float32Array.from({ length: 28 }, (_, n) => 100 + n),
  }
  const section = responseSection(items, usual, onBasket)
  expect(named(section)).toEqual(['full', 'mechanism:coupon', 'mechanism:spend_threshold', 'spring'])
  expect([...section.curves.subarray(0, 14)]).toEqual([1, 2, 3, 4, 5, 0, 0, 1, 2, 3, 4, 5, 0, 0])
  expect(section.curves.subarray(14, 28)).toEqual(items.curves.subarray(0, 14))
  expect(section.curves.subarray(42)).toEqual(items.curves.subarray(14))
  expect([section.segment, section.base, section.listed]).toEqual([items.segment, items.base, items.listed])
})

it('has no curve of a campaign that was offered on both', () => {
  const items = { ...noItemTables(1), names: ['full'], curves: new Float32Array(7) }
  expect(named(responseSection(items, usual, onBasket))).toEqual(['mechanism:spend_threshold'])
})

it('has one segment that changes nothing where nothing is known of items', () => {
  const { segment, base, listed, curves } = responseSection(noItemTables(2), usual, onBasket)
  expect([[...segment], [...base], [...listed]]).toEqual([[0, 0], [0, 0, 0], [0]])
  expect(curves.length).toBe(14)
})
