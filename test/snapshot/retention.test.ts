import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Activation,
  activationHistory,
  ancestorsOf,
  HISTORY_FILE,
  refusalOf,
} from '../../core/snapshot/history.ts'
import { pinSnapshot, unpinSnapshot } from '../../core/snapshot/pins.ts'
import { pruneSnapshots, retention } from '../../core/snapshot/retention.ts'
import { activateSnapshot, currentSnapshot, rollBackSnapshot } from '../../core/snapshot/store.ts'
import { SnapshotUser, usersOf } from '../../core/snapshot/users.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from './tiny-shop.ts'

/** Snapshots 0, 1, 2 …, each trained after the one before, all activated in that order. */
async function storeOf(count: number): Promise<{ store: string; ids: string[] }> {
  const publication = await tinyPublication()
  const { store } = publication
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const id = await publishSnapshot({ ...publication, epoch: n + 1, parent: ids.at(-1) ?? null })
    await activateSnapshot(store, id, { time: n, by: 'publish' })
    ids.push(id)
  }
  return { store, ids }
}

async function left(store: string): Promise<string[]> {
  return (await readdir(store)).filter((name) => /^[0-9a-f]{64}$/.test(name))
}

describe('retention', () => {
  test('keeps the current one, its nearest parents, what is pinned and what is newer; the rest goes', async () => {
    const { store, ids } = await storeOf(6)
    const waiting = await publishSnapshot({ ...(await tinyPublication()), store, epoch: 7 })
    await pinSnapshot(store, ids[0], 1)
    const kept = await pruneSnapshots(store, 2)
    expect(kept.map(({ why }) => why)).toEqual([
      'pinned',
      null,
      null,
      'served before',
      'served before',
      'current',
      'not older than the current one',
    ])
    expect((await left(store)).sort()).toEqual([ids[0], ids[3], ids[4], ids[5], waiting].sort())
  })

  test('what another trainer published beside the current one waits to be activated, unless it was rolled back', async () => {
    const { store, ids } = await storeOf(2)
    const sibling = await publishSnapshot({ ...(await tinyPublication()), store, epoch: 2, seed: 7 })
    const whyOf = async (id: string) => (await retention(store, 0)).find((one) => one.id === id)?.why
    expect(await whyOf(sibling)).toBe('not older than the current one')
    await activateSnapshot(store, sibling, { time: 5, by: 'publish' })
    await rollBackSnapshot(store, { time: 6, reason: 'slow' })
    expect([await whyOf(ids[1]), await whyOf(sibling)]).toEqual(['current', null])
  })

  test('an unpinned snapshot goes; unpinning twice and pinning what is not there is refused', async () => {
    const { store, ids } = await storeOf(3)
    await pinSnapshot(store, ids[0], 1)
    await unpinSnapshot(store, ids[0])
    await expect(unpinSnapshot(store, ids[0])).rejects.toMatchObject({ code: 'not_found', value: ids[0] })
    await pruneSnapshots(store, 0)
    expect(await left(store)).toEqual([ids[2]])
    await expect(pinSnapshot(store, ids[0], 1)).rejects.toMatchObject({ code: 'unknown_snapshot' })
  })

  test('telling what would go deletes nothing', async () => {
    const { store, ids } = await storeOf(3)
    expect((await retention(store, 0)).map(({ why }) => why)).toEqual([null, null, 'current'])
    expect((await left(store)).sort()).toEqual(ids.toSorted())
  })

  test('nothing goes from a store whose pointer was never set', async () => {
    const publication = await tinyPublication()
    const id = await publishSnapshot(publication)
    await pruneSnapshots(publication.store, 0)
    expect(await left(publication.store)).toEqual([id])
  })

  test('a negative number of parents is refused with its value', async () => {
    await expect(pruneSnapshots('nowhere', -1)).rejects.toMatchObject({ code: 'invalid_value', value: -1 })
  })
})

describe('what a server uses', () => {
  test('stays while it is held, and goes when it is not', async () => {
    const { store, ids } = await storeOf(3)
    const user = new SnapshotUser(store)
    await user.hold([ids[0]])
    expect((await pruneSnapshots(store, 0))[0].why).toBe(`used by ${hostname()}:${process.pid}`)
    await user.hold([ids[2]])
    await pruneSnapshots(store, 0)
    expect(await left(store)).toEqual([ids[2]])
    await user.release()
    expect(await usersOf(store)).toEqual(new Map())
  })

  test('does not outlive its process on this machine', async () => {
    const { store, ids } = await storeOf(2)
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    await holding(store, 'gone.json', { v: 1, host: hostname(), pid: child.pid, snapshots: [ids[0]] })
    await pruneSnapshots(store, 0)
    expect(await left(store)).toEqual([ids[1]])
    expect(await readdir(join(store, 'users'))).toEqual([])
  })

  test('on another machine counts until it was silent for long', async () => {
    const { store, ids } = await storeOf(2)
    const file = await holding(store, 'far.json', { v: 1, host: 'far', pid: 1, snapshots: [ids[0]] })
    expect((await retention(store, 0))[0].why).toBe('used by far:1')
    await utimes(file, 1000, 1000)
    expect((await retention(store, 0))[0].why).toBeNull()
  })

  test('is not guessed where its file cannot be read: nothing is deleted', async () => {
    const { store, ids } = await storeOf(2)
    await holding(store, 'later.json', { v: 2 })
    await expect(pruneSnapshots(store, 0)).rejects.toMatchObject({ code: 'environment', field: 'users' })
    expect((await left(store)).sort()).toEqual(ids.toSorted())
  })
})

async function holding(store: string, name: string, value: object): Promise<string> {
  await mkdir(join(store, 'users'), { recursive: true })
  const file = join(store, 'users', name)
  await writeFile(file, JSON.stringify(value))
  return file
}

describe('the history', () => {
  test('tells each activation, and a line cut by a crash costs no other', async () => {
    const { store, ids } = await storeOf(2)
    const file = join(store, HISTORY_FILE)
    await appendFile(file, '{"v":1,"time":9')
    await activateSnapshot(store, ids[0], { time: 5, by: 'hand' })
    expect(await activationHistory(store)).toEqual([
      { v: 1, time: 0, id: ids[0], from: null, by: 'publish' },
      { v: 1, time: 1, id: ids[1], from: ids[0], by: 'publish' },
      { v: 1, time: 5, id: ids[0], from: ids[1], by: 'hand' },
    ])
    await truncate(file, 0)
    expect(await activationHistory(store)).toEqual([])
  })

  test('a roll-back returns to what served before and says why; only a hand takes the refused one again', async () => {
    const { store, ids } = await storeOf(3)
    const moved = await rollBackSnapshot(store, { time: 9, reason: 'empty answers' })
    expect(moved).toEqual({ from: ids[2], to: ids[1] })
    expect(await currentSnapshot(store)).toBe(ids[1])
    const refusal = () => activationHistory(store).then((history) => refusalOf(history, ids[2]))
    expect(await refusal()).toBe('empty answers')
    await expect(activateSnapshot(store, ids[2], { time: 10, by: 'publish' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('empty answers'),
    })
    await activateSnapshot(store, ids[2], { time: 11, by: 'hand' })
    expect(await refusal()).toBeNull()
  })

  test('rolling back twice goes further back, and stops where nothing served before', async () => {
    const { store, ids } = await storeOf(3)
    await rollBackSnapshot(store, { time: 9, reason: 'a' })
    await rollBackSnapshot(store, { time: 10, reason: 'b' })
    expect(await currentSnapshot(store)).toBe(ids[0])
    await expect(rollBackSnapshot(store, { time: 11, reason: 'c' })).rejects.toMatchObject({ code: 'unknown_snapshot' })
  })

  test('a roll-back from what is not current any more moves nothing', async () => {
    const { store, ids } = await storeOf(3)
    expect(await rollBackSnapshot(store, { time: 9, reason: 'late', from: ids[1] })).toBeNull()
    expect(await currentSnapshot(store)).toBe(ids[2])
  })

  test('without one, the parents that manifests name are returned to', async () => {
    const { store, ids } = await storeOf(3)
    await rm(join(store, HISTORY_FILE))
    expect(await rollBackSnapshot(store, { time: 9, reason: 'slow' })).toEqual({ from: ids[2], to: ids[1] })
  })

  test('of any activations names no ancestor twice, never the snapshot itself, nor what was rolled back from', () => {
    const step = fc.record({ id: fc.nat(4), back: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const history = historyOf(steps)
        const current = history[history.length - 1].id
        const ancestors = ancestorsOf(history, current)
        expect(new Set(ancestors).size).toBe(ancestors.length)
        expect(ancestors).not.toContain(current)
        for (const ancestor of ancestors) expect(refusalOf(history, ancestor)).toBeNull()
      }),
      { seed: 3 },
    )
  })
})

function historyOf(steps: { id: number; back: boolean }[]): Activation[] {
  let from: string | null = null
  return steps.map(({ id, back }, time) => {
    const row = { v: 1 as const, time, id: `${id}`, from, by: back ? ('roll-back' as const) : ('hand' as const) }
    from = row.id
    return row
  })
}
