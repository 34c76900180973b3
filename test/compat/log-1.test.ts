import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { logRows } from '../support/log-text.ts'

const FIXTURE = fileURLToPath(new URL('../../../test/compat/log-1', import.meta.url))

test('a log of version 1 behind one of text reads as it was written', async () => {
  const rows = (await logRows(FIXTURE, 'events')).map((text) => JSON.parse(text))
  expect(rows.map(({ item }) => item)).toEqual(['item-1', 'item-2', 'item-3', 'item-4', 'item-5', 'item-6', 'item-7'])
  expect(rows.map(({ time }) => time)).toEqual([1, 2, 3, 4, 5, 6, 7])
})
