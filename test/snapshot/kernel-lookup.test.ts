import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { instantiateKernel } from '../../core/native/kernel.ts'
import { openSnapshot } from '../../core/snapshot/open.ts'
import { currentSnapshot } from '../../core/snapshot/store.ts'
import { stringAt } from '../../core/snapshot/strings.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'

const STORE = fileURLToPath(new URL('../../../test/compat/format-1', import.meta.url))

test('the kernel finds every key of a snapshot in its memory, and no other', async () => {
  const id = `${await currentSnapshot(STORE)}`
  const image = await openSnapshot(join(STORE, id), { expectedId: id, reserveBytes: () => 1024 })
  const kernel = instantiateKernel(image.memory)
  for (const keys of [tablesOf(image).catalogue, tablesOf(image).shoppers]) {
    const find = (key: string) => {
      const bytes = Buffer.from(key)
      new Uint8Array(image.memory.buffer).set(bytes, image.free)
      const { keysBytes, keysOffsets, keysHashes, keysTable } = keys
      const pointers = [keysBytes.pointer, keysOffsets.pointer, keysHashes.pointer, keysTable.pointer] as const
      return kernel.findKey(image.free, bytes.length, ...pointers, keysTable.view.length - 1)
    }
    const all = Array.from(keys.keysHashes.view, (_, i) => stringAt(keys.keysBytes.view, keys.keysOffsets.view, i))
    expect(all.map(find)).toEqual([...all.keys()])
    expect(['', 'an', 'anna', 'Ann', 'zzz'].map(find)).toEqual([-1, -1, -1, -1, -1])
  }
})
