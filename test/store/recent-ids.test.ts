import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentIds } from '../../core/store/recent-ids.ts'

test('the newest ids are known as far back as the window, and at most twice as far', () => {
  const id = fc.nat(200).map(String)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.uniqueArray(id, { maxLength: 100 }), (window, ids) => {
      const recent = new RecentIds(window)
      for (const each of ids) recent.add(each)
      const known = ids.filter((each) => recent.has(each))
      expect(known.slice(-window)).toEqual(ids.slice(-window))
      expect(known.length).toBeLessThan(2 * window + 1)
    }),
    { seed: 1 },
  )
})

test('an id that is forgotten is as if it had not come', () => {
  const recent = new RecentIds(2)
  for (const id of ['a', 'b', 'c']) recent.add(id)
  for (const id of ['a', 'c']) recent.forget(id)
  expect(['a', 'b', 'c'].map((id) => recent.has(id))).toEqual([false, true, false])
})
