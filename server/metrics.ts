/** What the server counts, for Prometheus. Hot paths add to plain numbers; prom-client renders them when asked. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { LANES, type Lanes } from './admission/lanes.ts'
import type { Eraser } from './erasure/eraser.ts'
import type { Generations } from './generations/generations.ts'
import type { Callers } from './http/callers.ts'
import type { Dispatch } from './http/dispatch.ts'
import type { LiveCampaigns } from './live/campaigns.ts'
import type { EventIntake } from './live/intake.ts'
import { LOGS, type ShopLogs } from './live/logs.ts'
import type { LiveState } from './live/state.ts'

const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1]
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64]

export class ServerMetrics {
  /** Requests that are not answered yet. */
  inFlight = 0
  readonly #registry = new Registry()
  readonly #requests = new Map<string, { route: string; status: string; count: number }>()
  readonly #latency: Histogram
  readonly #batches: Histogram

  constructor(shop: string) {
    this.#registry.setDefaultLabels({ shop })
    const registers = [this.#registry]
    this.#latency = new Histogram({
      name: 'offerwright_request_seconds',
      help: 'Time from the request to its answer',
      buckets: LATENCY_BUCKETS_S,
      registers,
    })
    this.#batches = new Histogram({
      name: 'offerwright_batch_requests',
      help: 'Requests that went to a worker at once',
      buckets: BATCH_BUCKETS,
      registers,
    })
    const requests = this.#requests
    new Counter({
      name: 'offerwright_requests_total',
      help: 'Requests answered; status 499: the caller went away first',
      labelNames: ['route', 'status'],
      registers,
      collect() {
        this.reset()
        for (const { route, status, count } of requests.values()) this.inc({ route, status }, count)
      },
    })
    this.#gauge('offerwright_requests_in_flight', 'Requests not answered yet', () => this.inFlight)
  }

  watchAdmission(dispatch: Dispatch, lanes: Lanes): void {
    this.#gauge('offerwright_requests_waiting', 'Requests that wait for a worker', () => lanes.waiting)
    this.#gauge('offerwright_requests_bytes', 'Bytes of requests that wait or are at work', () => lanes.bytes)
    for (const name of LANES) {
      const lane = lanes.of(name)
      this.#gauge(`offerwright_lane_${name}_held`, `Requests in the lane ${name}`, () => lane.held)
      this.#gauge(`offerwright_lane_${name}_limit`, `Requests that the lane ${name} may hold`, () => lane.limit.limit)
    }
    this.#total('offerwright_overloaded_total', 'Requests refused because their lane was full', () => dispatch.refused)
    this.#total(
      'offerwright_expired_total',
      'Requests not begun because nobody waited for them',
      () => dispatch.expired,
    )
    this.#total('offerwright_degraded_total', 'Requests answered with popular items', () => dispatch.degraded)
  }

  watchCallers(callers: Callers): void {
    this.#gauge('offerwright_connections', 'Open connections', () => callers.connections)
    this.#gauge('offerwright_bodies_bytes', 'Bytes of bodies that are not whole', () => callers.keptBytes)
    this.#total('offerwright_slow_callers_total', 'Connections ended for being slow', () => callers.slow)
    this.#total(
      'offerwright_connections_refused_total',
      'Connections ended for being one too many',
      () => callers.refusedConnections,
    )
  }

  observe(route: string, status: number, seconds: number): void {
    const key = `${route} ${status}`
    const counted = this.#requests.get(key)
    if (counted) counted.count++
    else this.#requests.set(key, { route, status: String(status), count: 1 })
    this.#latency.observe(seconds)
  }

  observeBatch(requests: number): void {
    this.#batches.observe(requests)
  }

  /** Adds what the owners of state count themselves. */
  watch(
    { shoppers, catalogue }: LiveState,
    logs: ShopLogs,
    intake: EventIntake,
    generations: Generations,
    campaigns: () => LiveCampaigns,
  ): void {
    this.#total(
      'offerwright_shoppers_evicted_total',
      'Live shopper records given up for others',
      () => shoppers.evicted,
    )
    this.#gauge('offerwright_items_changed', 'Items with live changes', () => catalogue.size)
    this.#total('offerwright_snapshot_swaps_total', 'Snapshots taken over while serving', () => generations.swaps)
    this.#total('offerwright_snapshots_refused_total', 'Snapshots that failed a check', () => generations.refused)
    this.#total(
      'offerwright_snapshot_roll_backs_total',
      'Snapshots left by themselves for the one before',
      () => generations.rollBacks,
    )
    this.#total('offerwright_campaigns_refused_total', 'Campaign files that failed a check', () => campaigns().refused)
    this.#watchLogs(logs, intake)
    this.#info('offerwright_snapshot_info', 'The snapshot that serves', 'snapshot', () => generations.current?.id)
    this.#info(
      'offerwright_campaigns_info',
      'The campaign file in force',
      'revision',
      () => campaigns().published.revision,
    )
  }

  #watchLogs(logs: ShopLogs, intake: EventIntake): void {
    this.#total('offerwright_log_dropped_rows_total', 'Decision rows the disk did not take', () => logs.droppedRows)
    this.#total('offerwright_events_duplicate_total', 'Events whose id came before', () => intake.duplicates)
    for (const name of LOGS) {
      const log = logs.logs[name]
      const total = (what: string, help: string, value: () => number) =>
        this.#total(`offerwright_log_${name}_${what}_total`, `${help} the ${name} log`, value)
      total('rows', 'Rows given to', () => logs.rows[name])
      total('bytes', 'Durable bytes of', () => log.counts.bytes)
      total('syncs', 'Syncs of', () => log.counts.syncs)
      total('failures', 'Writes and syncs that failed, each sealing a segment of', () => log.counts.failures)
      total('segments', 'Segments begun of', () => log.counts.segments)
      this.#gauge(
        `offerwright_log_${name}_waiting_bytes`,
        `Rows not durable yet of the ${name} log`,
        () => log.waitingBytes,
      )
    }
    this.#gauge('offerwright_log_free_bytes', 'Free space where the logs are', () => Math.min(logs.freeBytes, 2 ** 53))
  }

  watchErasures(eraser: Eraser): void {
    this.#total('offerwright_erasures_total', 'Shoppers erased', () => eraser.erasures)
    this.#total('offerwright_erased_rows_total', 'Rows taken out of logs', () => eraser.rows)
    this.#gauge('offerwright_erasures_pending', 'Erasures whose rows are not all out of the logs', () => eraser.pending)
  }

  render(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #gauge(name: string, help: string, value: () => number): void {
    const registers = [this.#registry]
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  }

  #total(name: string, help: string, value: () => number): void {
    const registers = [this.#registry]
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  }

  #info(name: string, help: string, label: string, value: () => string | undefined): void {
    const registers = [this.#registry]
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        const text = value()
        if (text !== undefined) this.set({ [label]: text }, 1)
      },
    })
  }
}
