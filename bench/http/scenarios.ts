/** What is asked of the server over HTTP: each scenario as the requests of one load, their right answers with them. */
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import type { OracleCheck } from '../decider.ts'
import { eventBodies } from '../events/rows.ts'
import type { AskedShop } from '../request-pool.ts'
import { refuseUnaskable, type Scenario } from '../requests.ts'
import type { Checkout } from './checkout.ts'
import { type KnownAnswers, knownAnswers } from './known-answers.ts'
import { DECIDE_PATH } from './listener.ts'
import type { LoadRequests } from './load-child.ts'
import { STAMP } from './request-cycle.ts'

interface HttpScenarioShape {
  /** Who asks. */
  visits: Scenario
  campaigns: number
  /** Decisions in one request. */
  batch: number
  hasEvents: boolean
  hasSwap: boolean
}

const plain: HttpScenarioShape = { visits: 'known', campaigns: 4, batch: 1, hasEvents: false, hasSwap: false }

/** `headline`: shoppers with 20 events, 10 slots, 32 live campaigns, filters on. */
export const HTTP_SCENARIOS = {
  known: plain,
  anonymous: { ...plain, visits: 'anonymous' },
  cart: { ...plain, visits: 'cart' },
  filters: { ...plain, visits: 'filters' },
  campaigns: { ...plain, campaigns: 32 },
  batch: { ...plain, batch: 100 },
  events: { ...plain, hasEvents: true },
  swap: { ...plain, hasSwap: true },
  headline: { ...plain, visits: 'filters', campaigns: 32 },
} as const satisfies Record<string, HttpScenarioShape>

export type HttpScenario = keyof typeof HTTP_SCENARIOS
export const HTTP_SCENARIO_NAMES = Object.keys(HTTP_SCENARIOS) as HttpScenario[]

/** Many more than the server answers in the time in which it forgets them, and than its processor caches hold. */
const DISTINCT_REQUESTS = 20_000
const DISTINCT_BATCHES = 200
const BATCH_PATH = '/v1/decide/batch'
/** One event request after so many decisions. */
const DECISIONS_AN_EVENT = 10
const DISTINCT_EVENTS = 1000

export interface ScenarioLoad {
  requests: LoadRequests & { expected: string[][] }
  /** Of one request. */
  decisions: number
  oracle: OracleCheck
}

export async function scenarioLoad(
  name: HttpScenario,
  shop: AskedShop,
  campaigns: CampaignFile,
  seed: number,
  openDecider?: Checkout['openDecider'],
): Promise<ScenarioLoad> {
  const { visits, batch, hasEvents } = HTTP_SCENARIOS[name]
  const decisions = batch > 1 ? batch * DISTINCT_BATCHES : DISTINCT_REQUESTS
  refuseUnaskable(shop, visits)
  const { oracle, ...known } = await knownAnswers(shop, campaigns, { scenario: visits, seed }, decisions, openDecider)
  if (batch > 1) return { requests: { path: BATCH_PATH, ...batched(known, batch) }, decisions: batch, oracle }
  return {
    requests: { path: DECIDE_PATH, ...known, ...(hasEvents ? { beside: eventsBeside(shop, seed) } : {}) },
    decisions: 1,
    oracle,
  }
}

function batched({ bodies, expected }: KnownAnswers, size: number): KnownAnswers {
  const groups = Array.from({ length: Math.floor(bodies.length / size) }, (_, b) => [b * size, (b + 1) * size] as const)
  return {
    bodies: groups.map(([from, to]) => `{"requests":[${bodies.slice(from, to).join(',')}]}`),
    expected: groups.map(([from, to]) => [`{"answers":[${expected.slice(from, to).flat().join(',')}]}`]),
  }
}

/** Events of visitors who ask for nothing, or answers would change; each sending has an id of its own. */
function eventsBeside(shop: AskedShop, seed: number): LoadRequests['beside'] {
  const bodies = eventBodies(DISTINCT_EVENTS, 1, shop.items, seed, shop.itemKey)
  return {
    path: '/v1/events',
    bodies: bodies.map((body) => body.replace(/"id":"[^"]*"/, `"id":"${STAMP}"`)),
    every: DECISIONS_AN_EVENT,
  }
}
