/**
 * What a minor unit of each budget that is to last will be worth: requests of the decision log are decided again with what was
 * just learned and the campaigns as they stand, and the dual prices of their best allocation become the prices that
 * pacing starts from. It has no section; the manifest carries it. Runs last, as it asks the whole scorer.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CompiledCampaigns, compileCampaigns, type Live } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { HOUR_MS } from '../../core/scoring/pacing.ts'
import { expectedTraffic } from '../allocation/logged-requests.ts'
import { type AllocationPlan, type PlannedBudget, planAllocation } from '../allocation/plan.ts'
import { type WeighedRequests, weighRequests } from '../allocation/weighed-requests.ts'
import { openSections } from '../held-out.ts'
import { removeResult, type StageReport } from '../sections.ts'
import type { StageContext } from '../stage.ts'

/** Decisions, of some ten choices each. */
const MOST_REQUESTS = 2000

/** Null: no budget is to last, or no traffic is known. */
export async function trainAllocation(context: StageContext): Promise<StageReport | null> {
  const { dataset, sections, parameters, logs, campaigns: file, onProgress } = context
  if (logs === null || !existsSync(logs) || file === null || !existsSync(file)) return null
  const campaigns = parseCampaignFile(await readFile(file, 'utf8'), dataset.currency)
  if (!campaigns.campaigns.some(({ state, pacing }) => state === 'live' && pacing !== undefined)) return null
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
    const budgets = budgetsOf(compiled, weighed, traffic.perHour)
    if (budgets.length === 0) return null
    const plan = planAllocation(weighed.choices, budgets)
    return { metrics: metricsOf(traffic.requests.length, weighed, plan), model: { allocation: plan.campaigns } }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Of campaigns that run in the week that is planned for. A budget's part of it is what the week has of the choices that are
 * expected while the campaign runs.
 */
function budgetsOf(
  { all }: CompiledCampaigns,
  { choices, answered, refused }: WeighedRequests,
  perHour: number,
): PlannedBudget[] {
  const perDecision = choices.length / (answered + refused)
  return all.flatMap((campaign) => {
    const { budgetMinor } = campaign.definition
    const known = choices.filter(({ timeMs }) => runsAt(campaign, timeMs)).length
    if (!isPaced(campaign) || budgetMinor === undefined || known === 0) return []
    const expected = perHour * perDecision * ((campaign.endsAt - campaign.startsAt) / HOUR_MS)
    return [{ campaignId: campaign.id, budgetMinor, expectedRequests: (expected * choices.length) / known }]
  })
}

function isPaced({ definition: { state, pacing } }: Live): boolean {
  return state === 'live' && pacing !== undefined
}

function runsAt({ startsAt, endsAt }: Live, timeMs: number): boolean {
  return timeMs >= startsAt && timeMs < endsAt
}

function metricsOf(requests: number, { refused }: WeighedRequests, plan: AllocationPlan): Record<string, number> {
  const prices = Object.values(plan.campaigns).map(({ dualPrice }) => dualPrice)
  return {
    requests,
    refused,
    budgets: prices.length,
    scarce: prices.filter((price) => price > 0).length,
    'bound.minor': plan.boundMinor / requests,
  }
}
