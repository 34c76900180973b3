import { createHash } from 'node:crypto'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { rewriteSegments } from '../../core/store/erasure/rewrite.ts'
import { lineWithoutErased } from '../../core/store/erasure/rows.ts'
import { readLog } from '../../core/store/log/reader.ts'
import { AppendLog } from '../../core/store/log/writer.ts'

const folderOf = () => mkdtemp(join(tmpdir(), 'offerwright-erasure-'))

async function listOf(...erased: [key: string, time: number][]): Promise<{ folder: string; erasures: Erasures }> {
  const folder = await folderOf()
  const erasures = Erasures.read(folder)
  for (const [key, time] of erased) erasures.add(key, time)
  return { folder, erasures }
}

const event = (shopper: string, time: number, more: object = {}) =>
  JSON.stringify({ v: 1, shop: 'default', kind: 'view', shopper, item: 'p1', time, receivedAt: time, ...more })
const decision = (shopper: string, time: number) => JSON.stringify({ v: 2, time, request: { shopper }, answer: {} })

describe('the list of erasures', () => {
  test('holds until the time of the erasure, also when it is read again, and names nobody', async () => {
    const { folder, erasures } = await listOf(['ann', 100], ['bob', 50], ['ann', 200], ['ann', 150])
    for (const list of [erasures, Erasures.read(folder)]) {
      expect([list.has('ann', 200), list.has('ann', 201), list.has('bob', 50), list.has('bob', 51)]).toEqual([
        true,
        false,
        true,
        false,
      ])
      expect(list.has('cem', 0)).toBe(false)
    }
    for (const file of await readdir(folder)) expect(await readFile(join(folder, file), 'utf8')).not.toMatch(/ann|bob/)
    expect((await stat(join(folder, 'erased.secret'))).mode & 0o077).toBe(0)
  })

  test('is made with a secret: the hash of the key alone is not in it', async () => {
    const { folder } = await listOf(['ann', 100])
    const text = await readFile(join(folder, 'erased.ndjson'), 'utf8')
    expect(text).not.toContain(createHash('sha256').update('ann').digest('hex'))
    await rm(join(folder, 'erased.secret'))
    expect(() => Erasures.read(folder)).toThrow(expect.objectContaining({ code: 'invalid_data', field: 'erased' }))
  })

  test('a line that a crash cut off is written over; a damaged one is refused', async () => {
    const { folder } = await listOf(['ann', 100])
    const file = join(folder, 'erased.ndjson')
    await appendFile(file, '{"v":1,"ha')
    const list = Erasures.read(folder)
    list.add('bob', 50)
    expect(Erasures.read(folder).has('bob', 50)).toBe(true)
    await writeFile(file, '{"v":1}\n')
    expect(() => Erasures.read(folder)).toThrow(expect.objectContaining({ code: 'invalid_data', value: '{"v":1}' }))
  })
})

describe('a row', () => {
  test('of an erased shopper goes by the time the server took it, whatever time it tells', async () => {
    const { erasures } = await listOf(['ann', 100])
    expect(lineWithoutErased(event('ann', 100), erasures)).toBeNull()
    expect(lineWithoutErased(event('ann', 999, { receivedAt: 100 }), erasures)).toBeNull()
    expect(lineWithoutErased(decision('ann', 100), erasures)).toBeNull()
    for (const line of [event('ann', 101), event('bob', 1), decision('ann', 101), '{"v":1,"item":"p1"}'])
      expect(lineWithoutErased(line, erasures)).toBe(line)
  })

  test('that spent from a budget stays, without whose it was', async () => {
    const { erasures } = await listOf(['ann', 100])
    const spent = { campaign: 'spring', discountMinor: 50, quantity: 2 }
    const names = { session: 's1', id: 'e1', order: 'o1', decisionId: '0'.repeat(32) }
    const left = lineWithoutErased(event('ann', 100, { kind: 'purchase', ...spent, ...names }), erasures)
    expect(JSON.parse(`${left}`)).toEqual({
      v: 1,
      shop: 'default',
      kind: 'purchase',
      item: 'p1',
      time: 100,
      receivedAt: 100,
      ...spent,
    })
    expect(lineWithoutErased(`${left}`, erasures)).toBe(left)
  })

  test('that is cut off within goes where it may name somebody', async () => {
    const { erasures } = await listOf(['ann', 100])
    expect(lineWithoutErased('{"v":1,"shopper":"an', erasures)).toBeNull()
    expect(lineWithoutErased('{"v":1,"item":"an', erasures)).toBe('{"v":1,"item":"an')
  })
})

const OPTIONS = { type: 1, schemaVersion: 1, ack: 'durable', commitMs: 0 } as const
const openLog = (folder: string) =>
  AppendLog.open({ folder, name: 'events', ...OPTIONS, onError: (error: Error) => expect.unreachable(error.message) })

async function rowsOf(folder: string): Promise<string[]> {
  const rows: string[] = []
  await readLog(folder, 'events', ({ text }) => rows.push(text))
  return rows
}

describe('segments', () => {
  const row = fc.record({
    shopper: fc.constantFrom('ann', 'bob', 'cem', 'a\nn"n'),
    time: fc.nat(10),
    isDecision: fc.boolean(),
  })
  const goes = ({ shopper, time }: { shopper: string; time: number }) =>
    (shopper === 'ann' && time <= 5) || (shopper === 'a\nn"n' && time <= 3)
  const line = ({ shopper, time, isDecision }: { shopper: string; time: number; isDecision: boolean }) =>
    isDecision ? decision(shopper, time) : event(shopper, time)

  test('keep exactly the rows of others, in their order; one without erased rows is not written', async () => {
    const { erasures } = await listOf(['ann', 5], ['a\nn"n', 3])
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), fc.boolean(), async (rows, isText) => {
        const folder = await folderOf()
        if (isText) await writeFile(join(folder, 'events-000001.ndjson'), rows.map((one) => `${line(one)}\n`).join(''))
        else {
          const log = await openLog(folder)
          for (const one of rows) log.append(Buffer.from(line(one)))
          await log.close()
        }
        const [name] = await readdir(folder)
        const file = join(folder, name)
        const before = await stat(file)
        const { erased, segments } = await rewriteSegments([file, join(folder, 'gone.segment')], erasures)
        const gone = rows.filter(goes).length
        expect([erased, segments]).toEqual([gone, gone > 0 ? 1 : 0])
        expect((await stat(file)).ino === before.ino).toBe(gone === 0)
        expect(await rowsOf(folder)).toEqual(rows.filter((one) => !goes(one)).map(line))
        expect(await readdir(folder)).toEqual([name])
        if (goes(rows[0])) expect((await readFile(file, 'utf8')).includes(JSON.stringify(line(rows[0])))).toBe(false)
        // The log goes on behind what was erased, and nothing of it counts as missing.
        const log = await openLog(folder)
        log.append(Buffer.from('{"n":1}'))
        await log.close()
        expect((await rowsOf(folder)).at(-1)).toBe('{"n":1}')
      }),
      { seed: 4, numRuns: 60 },
    )
  })

  test('that a log has sealed are not written any more, and no row is lost', async () => {
    const folder = await folderOf()
    const log = await openLog(folder)
    const sizes = new Map<string, number>()
    let rows = 0
    for (let round = 0; round < 20; round++) {
      for (let r = 0; r <= round % 3; r++) log.append(Buffer.from(`{"n":${rows++}}`))
      const sealing = log.seal()
      log.append(Buffer.from(`{"n":${rows++}}`))
      for (const file of await sealing) {
        const { size } = await stat(file)
        expect(sizes.get(file) ?? size, file).toBe(size)
        sizes.set(file, size)
      }
    }
    await log.close()
    for (const [file, size] of sizes) expect((await stat(file)).size).toBe(size)
    const numbers = (await rowsOf(folder)).map((text) => JSON.parse(text).n)
    expect(numbers).toEqual(Array.from({ length: rows }, (_, n) => n))
  })
})
