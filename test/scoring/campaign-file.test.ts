import { describe, expect, it } from 'vitest'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'

const coupon = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2027-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }],
}
const file = (...campaigns: object[]) => JSON.stringify({ version: 1, currency: 'GBP', campaigns })

function faultsOf(text: string) {
  try {
    parseCampaignFile(text, 'GBP')
  } catch (error) {
    if (!(error instanceof OfferwrightError)) throw error
    return { code: error.code, fields: (error.faults ?? []).map((fault) => fault.field) }
  }
  return { code: null, fields: [] }
}

describe('a campaign file', () => {
  it('is read whole when it is right', () => {
    expect(parseCampaignFile(file(coupon), 'GBP').campaigns).toHaveLength(1)
  })

  it('tells all its faults at once, each with its field', () => {
    const faults = faultsOf(
      file(
        { ...coupon, ladder: [{ percentBps: 0 }] },
        { ...coupon, id: 'b', endsAt: 7, surprise: 1 },
        { ...coupon, id: 'c', mechanism: 'lottery' },
      ),
    )
    expect(faults.code).toBe('invalid_campaigns')
    expect(faults.fields).toContain('campaigns[1].surprise')
    expect(faults.fields).toContain('campaigns[2].mechanism')
    expect(faults.fields.some((field) => field?.startsWith('campaigns[0].ladder[0]'))).toBe(true)
  })

  it('refuses what is well formed and means nothing', () => {
    const threshold = { ...coupon, mechanism: 'spend_threshold', ladder: [{ thresholdMinor: 100, rewardMinor: 100 }] }
    const faults = faultsOf(
      file(coupon, coupon, { ...coupon, id: 'late', startsAt: '2027-06-01T00:00:00Z' }, { ...threshold, id: 'free' }),
    )
    expect(faults.fields).toEqual(['campaigns[1].id', 'campaigns[2].endsAt', 'campaigns[3].ladder[0].rewardMinor'])
  })

  it('refuses times without an offset', () => {
    expect(faultsOf(file({ ...coupon, startsAt: '2026-01-01T00:00:00.000' })).fields).toEqual(['campaigns[0].startsAt'])
  })

  it("refuses another currency than the shop's", () => {
    expect(faultsOf(JSON.stringify({ version: 1, currency: 'EUR', campaigns: [] })).fields).toEqual(['currency'])
  })

  it('refuses groups that a quote could combine in too many ways, unless they stack by priority', () => {
    const tiers = { ...coupon, mechanism: 'spend_threshold', ladder: [{ thresholdMinor: 100, rewardMinor: 10 }] }
    const groups = Array.from({ length: 10 }, (_, n) => ({ ...tiers, id: `t${n}`, group: `g${n}` }))
    const stacking = (policy: object, campaigns: object[]) =>
      faultsOf(JSON.stringify({ version: 1, currency: 'GBP', policy, campaigns })).fields
    expect(stacking({}, groups)).toEqual(['policy.stacking'])
    expect(stacking({ stacking: 'priority' }, groups)).toEqual([])
    expect(stacking({}, groups.slice(1))).toEqual([])
    expect(stacking({}, [...groups.slice(1), { ...groups[0], state: 'draft' }])).toEqual([])
  })

  it('has for a coupon one code for all or codes that are good once, each of which takes off the same', () => {
    const codes = 'single_use'
    const ladder = [...coupon.ladder, { amountMinor: 100 }]
    const faults = faultsOf(
      file(
        { ...coupon, codes },
        { ...coupon, id: 'both', code: 'ALL', codes },
        { ...coupon, id: 'steps', ladder, codes },
        { ...coupon, id: 'own', codes: 'personal' },
        { ...coupon, id: 'basket', scope: 'basket', codes: 'personal' },
        { ...coupon, id: 'spend', minimumSpendMinor: 5, codes: 'personal' },
      ),
    )
    expect(faults.fields).toEqual([
      'campaigns[1].codes',
      'campaigns[2].ladder',
      'campaigns[4].codes',
      'campaigns[5].codes',
    ])
    const samePrices = { version: 1, currency: 'GBP', policy: { prices: 'same_for_all' } }
    const personal = { ...coupon, codes: 'personal' }
    expect(faultsOf(JSON.stringify({ ...samePrices, campaigns: [personal] })).fields).toEqual(['campaigns[0].codes'])
    const badlyFormed = faultsOf(file({ ...coupon, codes: 'twice' }, { ...coupon, mechanism: 'time_limited', codes }))
    expect(badlyFormed.fields).toEqual(['campaigns[0].codes', 'campaigns[1].codes'])
  })

  it('refuses text that is not JSON', () => {
    expect(faultsOf('{').code).toBe('invalid_json')
  })
})
