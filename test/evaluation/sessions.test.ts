import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BadLines, readQuestions, readTrainSessions } from '../../training/evaluation/session-files.ts'
import { CLI } from '../support/trained-shop.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-sessions-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, name.endsWith('.gz') ? gzipSync(text) : text)
  return file
}

const noneYet = (): BadLines => ({ count: 0, first: null })

describe('files of sessions', () => {
  it('hold one session a line, an item after the other', async () => {
    const bad = noneYet()
    const file = await fileOf('train.txt.gz', 'a b b\n\nc d\n')
    const sessions = await readTrainSessions(file, 'sessions', bad)
    expect(sessions.map(({ items }) => items)).toEqual([
      ['a', 'b', 'b'],
      ['c', 'd'],
    ])
    expect(bad).toEqual({ count: 1, first: `${file}:2` })
  })

  it('that are missing, or damaged archives, are told as such', async () => {
    const missing = readTrainSessions(join(folder, 'none.txt.gz'), 'sessions', noneYet())
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
    const damaged = join(folder, 'damaged.txt.gz')
    await writeFile(damaged, gzipSync('a b\nc d\n').fill(7, 12))
    const fault = { code: 'invalid_data', field: 'file', value: damaged }
    await expect(readTrainSessions(damaged, 'sessions', noneYet())).rejects.toMatchObject(fault)
  })

  it('ask what follows a prefix, and count lines that do not', async () => {
    const bad = noneYet()
    const file = await fileOf('test.txt', 'a b\tc\na b c\n\tc\na\tb c\nd\te\n')
    expect(await readQuestions(file, 'sessions', bad)).toEqual([
      { prefix: ['a', 'b'], next: 'c' },
      { prefix: ['d'], next: 'e' },
    ])
    expect(bad).toEqual({ count: 3, first: `${file}:2` })
  })

  it('of clicks are put in order of time, sessions by their first click', async () => {
    const bad = noneYet()
    const clicks = 'SessionId\tItemId\tTime\n2\tx\t50.0\n1\tb\t20.5\n1\ta\t10\n2\ty\t50.0\n1\tc\tsoon\n'
    const file = await fileOf('clicks.txt', clicks)
    const sessions = await readTrainSessions(file, 'clicks', bad)
    expect(sessions).toEqual([
      { items: ['a', 'b'], timesMs: [10_000, 20_500] },
      { items: ['x', 'y'], timesMs: [50_000, 50_001] },
    ])
    expect(bad).toEqual({ count: 1, first: `${file}:6` })
    expect(await readQuestions(file, 'clicks', noneYet())).toEqual([
      { prefix: ['x'], next: 'y' },
      { prefix: ['a'], next: 'b' },
    ])
  })
})

describe('offerwright evaluate sessions', () => {
  /** After item n comes n + 1, in rounds of ten. */
  const round = (start: number, length: number) =>
    Array.from({ length }, (_, at) => `item-${(start + at) % 10}`).join(' ')

  it('finds what always follows, and chooses a model on the train sessions alone', async () => {
    const train = await fileOf('rounds.txt', `${Array.from({ length: 200 }, (_, n) => round(n, 3)).join('\n')}\n`)
    const tests = Array.from({ length: 10 }, (_, n) => `${round(n, 2)}\titem-${(n + 2) % 10}`)
    const test = await fileOf('rounds-test.txt', `${tests.join('\n')}\nnot a question\n`)
    const run = ['evaluate', 'sessions', '--train', train, '--test', test, '--k', '3', '--json']
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [CLI, ...run])
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ k: 3, users: 10, model: 'auto', newestItem: 'left out', badLines: 1, hitRate: 1 })
    expect(result.recall).toBe(result.hitRate)
    expect(Object.values(result.segments)).toMatchObject([{ lists: 10 }])
    expect(result.validation[0].model).toBe('vmis')
    expect(result.intervals.mrr[0]).toBeLessThanOrEqual(result.mrr)
    for (const figure of ['ndcg', 'coverage', 'novelty', 'trainSeconds', 'peakRssBytes', 'snapshotBytes'])
      expect(result[figure]).toBeGreaterThan(0)
    expect(stderr).toContain('choose: vmis: NDCG')
  })
})
