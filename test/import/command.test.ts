import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HEADER, purchases, type ShopFiles, shopFiles } from './shop-files.ts'

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

async function offerwright(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr, exitCode: await closed }
}

describe('offerwright import', () => {
  let shop: ShopFiles
  let home: string
  beforeAll(async () => {
    shop = await shopFiles()
    home = join(shop.folder, 'home')
    await shop.write('sales.csv', `${HEADER}a,2024-01-01T00:00:00Z,s,1,2.00,o\na,never,s,1,2.00,o\n`)
    await shop.write('good.json', JSON.stringify(purchases('sales.csv')))
    await shop.write('bad.json', JSON.stringify({ ...purchases('sales.csv'), currency: 'pounds', colour: 'red' }))
  })
  afterAll(() => shop.remove())

  it('fills the data folder of the shop, reports on stdout and tells each step on stderr', async () => {
    const ran = await offerwright('import', join(shop.folder, 'good.json'), '--home', home, '--shop', 'toys')
    expect(ran.exitCode).toBe(0)
    expect(ran.stdout).toMatch(/^rows read +2$/m)
    expect(ran.stdout).toMatch(/^ {2}time: not a time in the format of the mapping +1$/m)
    expect(ran.stderr).toMatch(/^read: sales\.csv\nrelate: judge-events\n/)
    const dataset = JSON.parse(await readFile(join(home, 'shops', 'toys', 'data', 'dataset.json'), 'utf8'))
    expect(dataset).toMatchObject({ shop: 'toys', currency: 'GBP', events: 1 })
  })

  it('refuses a bad mapping with every fault and exit code 2', async () => {
    const ran = await offerwright('import', join(shop.folder, 'bad.json'), '--home', home)
    expect(ran.exitCode).toBe(2)
    expect(ran.stderr).toMatch(/^error invalid_mapping: /)
    expect(ran.stderr).toContain('currency: invalid currency: "pounds"')
    expect(ran.stderr).toContain('colour: unknown field: colour')
    expect(ran.stdout).toBe('')
  })

  it('names a file that is not there', async () => {
    const ran = await offerwright('import', join(shop.folder, 'none.json'), '--home', home)
    expect(ran.exitCode).toBe(1)
    expect(ran.stderr).toContain(`no such file or folder: ${join(shop.folder, 'none.json')}`)
  })
})
