/**
 * What callers owe the kernel, checked in the debug build only.
 *
 * `assert` is not used: it keeps its file name in a static data segment, and instantiation would write that segment over
 * whatever lies there in the shared memory. A number names the broken contract instead; core/native/kernel.ts spells it.
 */

/** Throws on the JavaScript side: the contract's number and the value that broke it. */
declare function broken(contract: i32, value: f64): void

export const POINTER: i32 = 0
export const COUNT: i32 = 1
export const INDEX: i32 = 2
export const ORDER: i32 = 3
export const NUMBER: i32 = 4
export const TILES: i32 = 5

export function expect(holds: bool, contract: i32, value: f64): void {
  if (!holds) broken(contract, value)
}

/** `count` elements of `width` bytes at `pointer` are aligned and inside the memory. */
export function expectArray(pointer: usize, count: u32, width: u32): void {
  if (ASC_NO_ASSERT) return
  const end = <u64>pointer + <u64>count * <u64>width
  expect(pointer % width == 0 && end <= (<u64>memory.size()) << 16, POINTER, <f64>pointer)
}

export function expectCount(count: u32): void {
  if (ASC_NO_ASSERT) return
  expect(count > 0, COUNT, <f64>count)
}

/** `count` is made of whole tiles. */
export function expectTiles(count: u32, tile: u32): void {
  if (ASC_NO_ASSERT) return
  expect(count % tile == 0, TILES, <f64>count)
}

export function expectIndex(index: u32, length: u32): void {
  if (ASC_NO_ASSERT) return
  expect(index < length, INDEX, <f64>index)
}

export function expectAscending(values: usize, n: u32): void {
  if (ASC_NO_ASSERT) return
  expectArray(values, n, 4)
  for (let i: u32 = 1; i < n; i++) {
    const at = values + ((<usize>i) << 2)
    expect(load<u32>(at - 4) <= load<u32>(at), ORDER, <f64>load<u32>(at))
  }
}

export function expectNumber(holds: bool, value: f64): void {
  if (ASC_NO_ASSERT) return
  expect(holds, NUMBER, value)
}

/** Non-zeros `start..end` of a CSR row lie in memory and `start <= end`. */
export function expectRow(start: u32, end: u32, indices: usize, data: usize): void {
  if (ASC_NO_ASSERT) return
  expect(start <= end, ORDER, <f64>end)
  expectArray(indices, end, 4)
  expectArray(data, end, 4)
}
