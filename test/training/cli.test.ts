import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { currentSnapshot } from '../../core/snapshot/store.ts'
import { DAY_MS, type SmallEvent, temporaryFolder, writeData } from './small-shop.ts'

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

async function offerwright(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [program, ...words])) }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

async function homeWithData(): Promise<string> {
  const home = await temporaryFolder()
  const events = Array.from(
    { length: 600 },
    (_, n): SmallEvent => ({
      shopper: n % 30,
      item: (Math.imul(n, 0x9e3779b1) >>> 8) % 40,
      kind: n % 2 === 0 ? 'view' : 'purchase',
      timeMs: n * (DAY_MS / 10),
      priceMinor: 1000 + (n % 5) * 50,
    }),
  )
  await writeData(
    join(home, 'shops/default/data'),
    Array.from({ length: 40 }, () => ({})),
    30,
    events,
  )
  return home
}

test('train, publish and evaluate work one after the other on a shop', async () => {
  const home = await homeWithData()
  const store = join(home, 'shops/default/snapshots')
  expect(await offerwright('train', '--home', home)).toMatchObject({ code: 0 })

  const kept = await offerwright('publish', '--home', home, '--no-activate')
  expect(kept.stdout).toMatch(/^[0-9a-f]{64}\n$/)
  expect(await currentSnapshot(store)).toBeNull()
  const active = await offerwright('publish', '--home', home)
  expect(await currentSnapshot(store)).toBe(active.stdout.trim())

  const file = join(home, 'next.json')
  const campaign = { id: 'c', mechanism: 'coupon', state: 'live', startsAt: '2020-01-01', endsAt: '2020-01-01' }
  await writeFile(file, JSON.stringify({ version: 1, currency: 'GBP', campaigns: [{ ...campaign, ladder: [] }] }))
  const refused = await offerwright('campaigns', 'check', file, '--home', home)
  expect(refused).toMatchObject({ code: 2, stderr: '' })
  expect(refused.stdout).toMatch(/fault +campaigns.0..startsAt .*\n.*fault +campaigns.0..endsAt /)
  const [startsAt, endsAt] = ['2020-01-01T00:00:00Z', '2020-02-01T00:00:00Z']
  const over = { ...campaign, startsAt, endsAt, ladder: [{ percentBps: 500 }], budgetMinor: 7000 }
  const shopFile = join(home, 'shops/default/campaigns.json')
  await writeFile(shopFile, JSON.stringify({ version: 1, currency: 'GBP', campaigns: [over] }))
  const checked = await offerwright('campaigns', 'check', '--home', home, '--json')
  expect(JSON.parse(checked.stdout)).toMatchObject({ faults: [], warnings: [{ field: 'campaigns[0].endsAt' }] })
  const listed = await offerwright('campaigns', 'list', '--home', home)
  expect(listed.stdout).toMatch(/\nc +coupon +over +2020-01-01T00:00Z +2020-02-01T00:00Z +70\.00 +70\.00\n$/)

  const split = await offerwright('evaluate', 'split', '--home', home, '--holdout-weeks', '2', '--k', '5', '--json')
  expect(JSON.parse(split.stdout)).toMatchObject({
    k: 5,
    models: { rows: {}, popularity: {}, decayedPopularity: {} },
  })

  const index = await offerwright('evaluate', 'index', '--home', home, '--k', '5', '--json')
  expect(JSON.parse(index.stdout).recall).toBeGreaterThan(0.98)

  const asked = ['evaluate', 'hidden', '--home', home, '--share', '0.2', '--holdout-weeks', '2', '--k', '5']
  const hidden = await offerwright(...asked, '--json')
  expect(JSON.parse(hidden.stdout)).toMatchObject({ k: 5, hiddenItems: 8, amongAll: {}, amongHidden: {}, known: {} })
  expect((await offerwright(...asked)).stdout).toMatch(/^8 items hidden; \d+ shoppers [\s\S]+ content \/ random +\d/)
})

test.each([
  [['train', '--stage', 'magic'], 'magic'],
  [['train', '--neighbours', '0'], 'invalid neighbours: 0'],
  [['train', '--until', 'yesterday'], 'yesterday'],
  [['evaluate', 'split', '--k', '1000'], '1000'],
])('refuses %j with one line and exit code 2', async (words, named) => {
  const home = await homeWithData()
  const { code, stderr, stdout } = await offerwright(...words, '--home', home)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(named)
})

test('says what is missing where nothing was imported', async () => {
  const home = await temporaryFolder()
  const { code, stderr } = await offerwright('train', '--home', home)
  expect(code).toBe(2)
  expect(stderr).toContain('run offerwright import first')
})
