import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ShopFolders, shopFolders } from '../../cli/home.ts'
import { openLedger } from '../../core/store/ledger/database.ts'
import { Redemptions } from '../../core/store/ledger/redemptions.ts'
import { OPEN } from '../support/ledger.ts'
import { CLI } from '../support/trained-shop.ts'

const coupon = {
  id: 'welcome',
  mechanism: 'coupon',
  state: 'draft',
  startsAt: '2020-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }],
  codes: 'single_use',
}

let folders: ShopFolders
beforeEach(async () => {
  folders = shopFolders({ home: await mkdtemp(join(tmpdir(), 'offerwright-')), shop: 'default' })
  await mkdir(folders.root, { recursive: true })
  const campaigns = [coupon, { ...coupon, id: 'shared', codes: undefined, code: 'ALL' }]
  await writeFile(folders.campaigns, JSON.stringify({ version: 1, currency: 'EUR', campaigns }))
})
afterEach(() => rm(folders.home, { recursive: true }))

function codes(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, 'campaigns', 'codes', ...args, '--home', folders.home],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr, lines: stdout.trim().split('\n') }
}
const create = (...args: string[]) => codes('create', '--campaign', 'welcome', ...args)

describe('offerwright campaigns codes', () => {
  it('makes as many different codes as asked for, as CSV, with progress apart from it', () => {
    const { status, lines, stderr } = create('--count', '4500', '--prefix', 'Hi', '--length', '14')
    expect(status).toBe(0)
    expect(lines[0]).toBe('code,campaign,shopper,expires_at')
    expect(new Set(lines.slice(1)).size).toBe(4500)
    for (const line of lines.slice(1)) expect(line).toMatch(/^HI-[2-9A-HJKMNP-Z]{14},welcome,,$/)
    expect(stderr.trim().split('\n')).toEqual(['codes: 2000 of 4500', 'codes: 4000 of 4500', 'codes: 4500 of 4500'])
  })

  it('makes a code for each shopper of a file, and lists what has become of them', async () => {
    const file = join(folders.home, 'shoppers.txt')
    await writeFile(file, 'ann\n"bob", the second\n')
    const { lines } = create('--shoppers', file, '--expires', '2098-01-01')
    const [header, anns, bobs] = lines
    expect(header).toBe('code,campaign,shopper,expires_at')
    expect(anns).toMatch(/^[2-9A-Z]{12},welcome,ann,2098-01-01T00:00:00.000Z$/)
    expect(bobs).toMatch(/^[2-9A-Z]{12},welcome,"""bob"", the second",2098-01-01T00:00:00.000Z$/)
    const [code] = anns.split(',')
    const ledger = openLedger(folders.ledger)
    const redemption = { id: 'order-1', code, shopper: 'ann', discountMinor: 250, time: 0, confirm: true }
    await new Redemptions(ledger).perform([{ reserve: redemption }], new Map([['welcome', OPEN]]))
    ledger.close()
    const listed = codes('list', '--campaign', 'welcome', '--state', 'used')
    expect(listed.lines).toEqual([
      'code,state,shopper,expires_at,redemption,discount_minor,redeemed_at',
      `${code},used,ann,2098-01-01T00:00:00.000Z,order-1,250,1970-01-01T00:00:00.000Z`,
    ])
    expect(listed.stderr).toBe('1 unused, 0 reserved, 1 used, 0 expired\n')
    const json = JSON.parse(codes('list', '--campaign', 'welcome', '--json').stdout)
    expect(json.counts).toEqual({ unused: 1, reserved: 0, used: 1, expired: 0 })
    expect(json.codes).toHaveLength(2)
    expect(codes('list', '--campaign', 'shared').lines).toHaveLength(1)
  })

  it('tells what is wrong with what was asked, with exit code 2, and makes nothing then', () => {
    const fault = (...args: string[]) => {
      const { status, stdout, stderr } = codes(...args)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      return /^error (\S+)/.exec(stderr)?.[1]
    }
    const of = (campaign: string, ...args: string[]) => fault('create', '--campaign', campaign, ...args)
    expect(of('none', '--count', '1')).toBe('not_found:')
    expect(of('shared', '--count', '1')).toBe('conflict:')
    expect(of('welcome')).toBe('missing_field:')
    expect(of('welcome', '--count', '1', '--shoppers', 'x')).toBe('missing_field:')
    expect(of('welcome', '--shoppers', join(folders.home, 'none'))).toBe('not_found:')
    expect(of('welcome', '--count', '1', '--prefix', 'a b!')).toBe('invalid_value:')
    expect(of('welcome', '--count', '100', '--length', '8')).toBe('invalid_value:')
    expect(of('welcome', '--count', '1', '--expires', '2020-01-01')).toBe('invalid_value:')
    for (const options of [
      ['--count', '0'],
      ['--count', '1', '--length', '7'],
      ['--count', '1', '--expires', 'soon'],
    ])
      expect(of('welcome', ...options)).toBe('usage:')
    expect(codes('list', '--campaign', 'welcome').stderr).toBe('0 unused, 0 reserved, 0 used, 0 expired\n')
  })
})
