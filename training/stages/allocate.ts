/**
 * What a unit of each budget and stock of offers that is to last, and of each return floor, will be worth: requests of the decision log
 * are decided again with what was just learned and the campaigns as they stand, and the dual prices of their best allocation become
 * the prices that the server starts from. It has no section; the manifest carries it. Runs last, as it asks the whole scorer.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Campaign } from '../../core/contract/campaigns.ts'
import { type CompiledCampaigns, compileCampaigns, type Live } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { pricedLimits } from '../../core/scoring/campaigns/priced.ts'
import { HOUR_MS } from '../../core/scoring/pacing.ts'
import { expectedTraffic } from '../allocation/logged-requests.ts'
import { type AllocationPlan, type PlannedCampaign, planAllocation } from '../allocation/plan.ts'
import { type WeighedRequests, weighRequests } from '../allocation/weighed-requests.ts'
import { openSections } from '../held-out.ts'
import { removeResult, type StageReport } from '../sections.ts'
import type { StageContext } from '../stage.ts'

/** Decisions, of some ten choices each. */
const MOST_REQUESTS = 2000

/** Null: nothing is to last and no return is owed, or no traffic is known. */
export async function trainAllocation(context: StageContext): Promise<StageReport | null> {
  const { dataset, sections, parameters, logs, campaigns: file, onProgress } = context
  if (logs === null || !existsSync(logs) || file === null || !existsSync(file)) return null
  const campaigns = parseCampaignFile(await readFile(file, 'utf8'), dataset.currency)
  if (!campaigns.campaigns.some(hasPrice)) return null
  const traffic = await expectedTraffic({ logs, shop: dataset.shop, until: parameters.until }, MOST_REQUESTS)
  if (traffic === null) return null
  // One of an earlier run may be about other data.
  await removeResult(sections, 'allocate')
  const folder = await mkdtemp(join(sections, 'allocate-'))
  try {
    onProgress({ stage: 'allocate', done: 0, total: 1, message: `${traffic.requests.length} requests` })
    const g = await openSections(dataset, sections, folder)
    const compiled = compileCampaigns(g, campaigns, 'planned')
    const weighed = weighRequests(g, compiled, traffic)
    const planned = plannedCampaigns(compiled, weighed, traffic.perHour)
    if (planned.length === 0) return null
    const plan = planAllocation(weighed.choices, planned)
    return {
      metrics: metricsOf(traffic.requests.length, weighed, planned, plan),
      model: { allocation: plan.campaigns },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Those that run in the week that is planned for. A limit's part of it is what the week has of the choices that are expected while the
 * campaign runs.
 */
function plannedCampaigns(
  { all }: CompiledCampaigns,
  { choices, answered, refused }: WeighedRequests,
  perHour: number,
): PlannedCampaign[] {
  const perDecision = choices.length / (answered + refused)
  return all.flatMap((campaign) => {
    const known = choices.filter(({ timeMs }) => runsAt(campaign, timeMs)).length
    if (!hasPrice(campaign.definition) || known === 0) return []
    const { budgetMinor, stock, returnFloor } = pricedLimits(campaign.definition)
    const expected = perHour * perDecision * ((campaign.endsAt - campaign.startsAt) / HOUR_MS)
    const expectedRequests = (expected * choices.length) / known
    return [{ campaignId: campaign.id, budgetMinor, stock: stock?.limit, returnFloor, expectedRequests }]
  })
}

/** Whether something of it is to last, or it owes a return. */
function hasPrice(campaign: Campaign): boolean {
  return campaign.state === 'live' && Object.keys(pricedLimits(campaign)).length > 0
}

function runsAt({ startsAt, endsAt }: Live, timeMs: number): boolean {
  return timeMs >= startsAt && timeMs < endsAt
}

function metricsOf(
  requests: number,
  { refused }: WeighedRequests,
  planned: PlannedCampaign[],
  plan: AllocationPlan,
): Record<string, number> {
  const count = (limit: 'budgetMinor' | 'stock' | 'returnFloor') =>
    planned.filter((campaign) => campaign[limit] !== undefined).length
  const prices = Object.values(plan.campaigns).flatMap(({ dualPrice, stockDualPrice = 0, returnDualPrice = 0 }) => [
    dualPrice,
    stockDualPrice,
    returnDualPrice,
  ])
  return {
    requests,
    refused,
    budgets: count('budgetMinor'),
    stocks: count('stock'),
    returnFloors: count('returnFloor'),
    scarce: prices.filter((price) => price > 0).length,
    'bound.minor': plan.boundMinor / requests,
  }
}
