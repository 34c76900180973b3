import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { currentSnapshot } from '../../core/snapshot/store.ts'
import { stringAt } from '../../core/snapshot/strings.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'

const STORE = fileURLToPath(new URL('../../../test/compat/format-1', import.meta.url))
const ID = '25c6b754f0be6e173cd26cf879e21c5236e9fd38500b98d1e9243a75b7950dec'

test('a snapshot of format 1, as it was first written, opens with its contents', async () => {
  expect(await currentSnapshot(STORE)).toBe(ID)
  const { manifest, ...image } = await openSnapshot(join(STORE, ID), { expectedId: ID, reserveBytes: () => 0 })
  const { catalogue, shoppers, sessions } = tablesOf({ manifest, ...image })
  expect(manifest.model.eventWeights.purchase).toBe(1)
  expect(stringAt(catalogue.titlesBytes.view, catalogue.titlesOffsets.view, 3)).toBe('Milk')
  expect([...catalogue.stock.view]).toEqual([10, -1, 0, 5, 1, 3])
  expect([...shoppers.historyItems.view]).toEqual([3, 0, 5])
  expect(sessions).toBe(null)
})
