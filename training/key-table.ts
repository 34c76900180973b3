/** Keys of items or shoppers as a snapshot holds them: the strings, their hashes and the look-up table. */
import { OfferwrightError } from '../core/contract/errors.ts'
import { instantiateKernel } from '../core/native/kernel.ts'
import { encodeStrings } from '../core/snapshot/strings.ts'
import { Workspace } from './workspace.ts'

export interface KeyTable {
  keys_bytes: Uint8Array
  keys_offsets: Uint32Array
  keys_hashes: BigUint64Array
  keys_table: Uint32Array
}

/** Keys ascend as bytes. Throws `invalid_data` for a key that stands twice or shares its hash with another. */
export function buildKeyTable(keys: string[]): KeyTable {
  const encoded = encodeStrings(keys)
  const workspace = new Workspace()
  const bytes = workspace.u8(encoded.bytes.length)
  const offsets = workspace.u32(encoded.offsets.length)
  const hashes = workspace.u64(keys.length)
  const table = workspace.u32(tableCapacity(keys.length))
  bytes.view.set(encoded.bytes)
  offsets.view.set(encoded.offsets)
  const kernel = instantiateKernel(workspace.memory)
  const refused = kernel.buildKeyTable(
    bytes.pointer,
    offsets.pointer,
    keys.length,
    hashes.pointer,
    table.pointer,
    table.view.length - 1,
  )
  if (refused >= 0)
    throw new OfferwrightError('invalid_data', `key stands twice, or its hash does: ${keys[refused]}`, {
      field: 'key',
      value: keys[refused],
    })
  return {
    keys_bytes: encoded.bytes,
    keys_offsets: encoded.offsets,
    keys_hashes: hashes.view.slice(),
    keys_table: table.view.slice(),
  }
}

/** A power of two that leaves at least half of the slots empty. */
function tableCapacity(n: number): number {
  let capacity = 2
  while (capacity < 2 * n) capacity *= 2
  return capacity
}
