import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Random } from '../../../bench/random.ts'
import { CutDisk } from '../../support/power/cut-disk.ts'
import type { FileCall } from '../../support/power/recorder.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cut-disk-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const call = (kind: string, path: string, argument = 0, data = ''): FileCall => ({
  call: kind,
  path,
  argument: BigInt(argument),
  at: 0n,
  data: Buffer.from(data),
})
const sync = (path: string, number: number) => [call('s', path, number), call('S', path, number)]

/** Name and text of each file that is left. */
async function left(calls: FileCall[], random: Random | null = null): Promise<Record<string, string>> {
  const disk = new CutDisk('/state')
  for (const each of calls) disk.apply(each)
  await disk.writeTo(folder, random)
  const names = await readdir(folder)
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')])),
  )
}

test('what no sync covered is gone, a sync that did not return included', async () => {
  const made = [call('c', '/state/a'), call('w', '/state/a', 0, 'one')]
  expect(await left([...made, call('s', '/state/a', 1)])).toEqual({})
  expect(await left([...made, ...sync('/state/a', 1), call('w', '/state/a', 3, 'two')])).toEqual({ a: 'one' })
})

test('a write that came after its sync began is not covered by it', async () => {
  const began = [call('c', '/state/a'), call('w', '/state/a', 0, 'one'), call('s', '/state/a', 1)]
  expect(await left([...began, call('w', '/state/a', 3, 'two'), call('S', '/state/a', 1)])).toEqual({ a: 'one' })
})

test('a rename and a removal hold when their folder was synced', async () => {
  const made = [call('c', '/state/a'), call('w', '/state/a', 0, 'one'), ...sync('/state/a', 1)]
  const renamed = [...made, call('r', '/state/a', 0, '/state/b')]
  expect(await left(renamed)).toEqual({ a: 'one' })
  await rm(join(folder, 'a'))
  expect(await left([...renamed, ...sync('/state', 2)])).toEqual({ b: 'one' })
  await rm(join(folder, 'b'))
  expect(await left([...renamed, ...sync('/state', 2), call('u', '/state/b'), ...sync('/state', 3)])).toEqual({})
})

test('a file that was cut off is as long as it was left, and grows again', async () => {
  const calls = [call('c', '/state/a'), call('w', '/state/a', 0, 'abcdef'), call('t', '/state/a', 2)]
  expect(await left([...calls, call('w', '/state/a', 4, 'z'), ...sync('/state/a', 1)])).toEqual({ a: 'ab\0\0z' })
})

test('with chance given, what was synced is always there, and the rest sometimes', async () => {
  const calls = [
    call('c', '/state/a'),
    call('w', '/state/a', 0, 'one'),
    ...sync('/state/a', 1),
    call('w', '/state/a', 3, 'two'),
  ]
  const random = new Random(1)
  const seen = new Set<string>()
  for (let cut = 0; cut < 50; cut++) seen.add((await left(calls, random)).a)
  expect(seen).toEqual(new Set(['one', 'onetwo']))
})
