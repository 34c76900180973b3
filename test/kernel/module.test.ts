import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { instantiateKernel } from '../../core/native/kernel.ts'
import { Arena, BUILDS } from './arena.ts'

const FILES = { release: 'kernel.wasm', debug: 'kernel.debug.wasm' }
const DATA_SECTIONS = [11, 12]

/** The ids of a module's sections: after 8 bytes, each is an id, a LEB128 length and that many bytes. */
function sectionsOf(module: Uint8Array): number[] {
  const ids: number[] = []
  for (let at = 8; at < module.length; ) {
    ids.push(module[at++])
    let length = 0
    for (let shift = 0, more = true; more; shift += 7) {
      more = module[at] >= 0x80
      length += (module[at++] & 0x7f) << shift
    }
    at += length
  }
  return ids
}

describe.each(BUILDS)('the kernel module, %s build', (build) => {
  it('has no data that instantiation would write into the shared memory', () => {
    const module = readFileSync(new URL(`../../assembly/${FILES[build]}`, import.meta.url))
    expect(sectionsOf(module).filter((id) => DATA_SECTIONS.includes(id))).toEqual([])
  })

  it('changes no byte of a memory when several instances are made on it', () => {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true })
    const bytes = new Uint8Array(memory.buffer).fill(0xa5)
    instantiateKernel(memory, build)
    instantiateKernel(memory, build)
    expect(bytes.every((byte) => byte === 0xa5)).toBe(true)
  })

  it('says its version', () => {
    expect(new Arena(build).kernel.KERNEL_VERSION.value).toBe(1)
  })
})

describe('the debug build', () => {
  const arena = new Arena('debug')
  const { kernel } = arena
  const end = arena.memory.buffer.byteLength

  it('refuses arrays that are misaligned or leave the memory', () => {
    expect(() => kernel.fillUntouched(2, 1)).toThrow(
      'kernel contract broken, array not aligned or outside the memory at 2',
    )
    expect(() => kernel.fillUntouched(end - 4, 2)).toThrow(`outside the memory at ${end - 4}`)
    expect(() => kernel.fillUntouched(64, 2 ** 31)).toThrow('outside the memory at 64')
  })

  it('refuses k = 0', () => {
    expect(() => kernel.topK(64, 0, 64, 0, 0, 0, 64, 0, 0, 0, 0, 0, 1, 64, 64, 64)).toThrow(
      'kernel contract broken, invalid count: 0',
    )
  })

  it('refuses a column that does not exist', () => {
    arena.reset()
    const touched = arena.u32([7])
    const out = arena.room(8)
    const acc = arena.f32([1, 2])
    const tiers = arena.room(4 * kernel.TIER_WORDS.value)
    const topK = () => kernel.topK(acc, 0, touched, 1, 0, 2, out, 0, 0, 0, 0, 1, 1, tiers, out, out + 4)
    expect(topK).toThrow('kernel contract broken, index out of range: 7')
  })

  it('refuses an exclusion list that does not ascend', () => {
    arena.reset()
    const exclude = arena.u32([3, 1])
    const out = arena.room(8)
    const topK = () => kernel.topK(out, 0, out, 0, 0, 0, exclude, 2, 0, 0, 0, 1, 1, out, out, out + 4)
    expect(topK).toThrow('kernel contract broken, not ascending: 1')
  })

  it('refuses a draw that is no fraction', () => {
    arena.reset()
    const values = arena.f64([1, 2])
    const out = arena.room(16)
    expect(() => kernel.chooseOffer(2, values, 1, 0, 1, out)).toThrow('kernel contract broken, invalid number: 1')
  })
})
