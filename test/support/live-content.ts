/** Live state with something in it: events and contacts of shoppers and sessions, budgets partly spent or reserved. */
import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import type { TestServer, TrainedShop } from './trained-shop.ts'

const CAMPAIGNS = ['coupon-ladder', 'spend-more', 'evening-deal']
const BUDGETS: Record<string, number> = { 'coupon-ladder': 5000, 'spend-more': 3000, 'evening-deal': 1_000_000 }
const DAY_MS = 86_400_000

/** Keys of the small shop, and a few that it does not have. */
export const anyItem = fc.integer({ min: 0, max: 310 }).map((n) => `p${String(n).padStart(7, '0')}`)

export interface Subject {
  shopper?: string
  session?: string
}

/** Budgets and caps so small that a test reaches them. */
export async function tightenCampaigns({ folders }: TrainedShop): Promise<void> {
  const file = JSON.parse(await readFile(folders.campaigns, 'utf8')) as CampaignFile
  for (const campaign of file.campaigns) {
    campaign.budgetMinor = BUDGETS[campaign.id]
    campaign.contactCap = { count: 2, days: 1 }
  }
  await writeFile(folders.campaigns, JSON.stringify(file))
}

/** Posts what the subjects did until `time`, and takes offers of which some are used. */
export async function fillLiveState(server: TestServer, subjects: Subject[], time: number): Promise<void> {
  const events = fc.sample(eventOf(subjects, time), { seed: 7, numRuns: 600 })
  for (let from = 0; from < events.length; from += 200)
    await post(
      server,
      events.slice(from, from + 200).map(({ subject, ...event }) => ({ ...event, ...subject })),
    )
  for (const subject of subjects.slice(0, 20)) await takeOffer(server, subject)
}

function eventOf(subjects: Subject[], time: number) {
  return fc.record({
    subject: fc.constantFrom(...subjects),
    kind: fc.constantFrom(...EVENT_KINDS),
    item: anyItem,
    campaign: fc.constantFrom(...CAMPAIGNS),
    discountMinor: fc.nat(60),
    time: fc.integer({ min: time - 2 * DAY_MS, max: time - 1 }),
  })
}

/** A decision at the server's own time, so that what it reserves stays reserved; its first offer is used in part. */
async function takeOffer(server: TestServer, subject: Subject): Promise<void> {
  const { body } = await server.call('POST', '/v1/decide', { ...subject, slots: 3 })
  const { decisionId, items } = body as DecideAnswer
  const given = items.find(({ offer }) => offer !== null)
  if (!given?.offer) return
  const discountMinor = Math.ceil(given.offer.discountMinor / 2)
  const used = { item: given.item, campaign: given.offer.campaign, discountMinor, decisionId }
  await post(server, [{ ...subject, ...used, kind: 'purchase' }])
}

async function post(server: TestServer, events: object[]): Promise<void> {
  const { status, text } = await server.call('POST', '/v1/events', { events })
  expect(status, text).toBe(200)
}
