import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { currentSnapshot } from '../../core/snapshot/store.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from '../snapshot/tiny-shop.ts'

const STORE = fileURLToPath(new URL('../../../test/compat/format-2', import.meta.url))
const ID = '0f1316cddef24eede60398b3ad44f38aa8cbcdf6e38d6550a02121dbcf036065'

test('a snapshot of format 2, as it was first written, opens with its contents', async () => {
  expect(await currentSnapshot(STORE)).toBe(ID)
  const { manifest, ...image } = await openSnapshot(join(STORE, ID), { expectedId: ID, reserveBytes: () => 0 })
  const { sessions, attributes } = tablesOf({ manifest, ...image })
  expect(manifest.model.blend?.known.peers).toBe(0.5)
  expect([...(sessions?.itemRows.view ?? [])]).toEqual([0, 1, 1, 0, 1])
  expect([...(attributes?.postingsItems.view ?? [])]).toEqual([0, 5, 0, 3])
})

test('the same shop is still written to the same bytes', async () => {
  expect(await publishSnapshot(await tinyPublication())).toBe(ID)
})
