/** The server's settings: checked once here, with every default. */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { OfferwrightError } from '../core/contract/errors.ts'
import { DEFAULT_SHOP, SHOP_ID_PATTERN } from '../core/contract/ids.ts'
import type { SignaturePolicy } from '../core/snapshot/signature.ts'
import type { Ack } from '../core/store/log/options.ts'
import type { WatchSettings } from './generations/watch.ts'
import type { ApiKey } from './http/keys.ts'
import type { LogSettings } from './live/logs.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface ServerConfig extends SignaturePolicy {
  /** Folder that holds the shops. */
  home: string
  shop: string
  host: string
  /** 0: any free port. */
  port: number
  /** Threads that decide; 0: the one that listens does. */
  workers: number
  /** Empty: callers from this machine are trusted, and no others are listened to. */
  keys: ApiKey[]
  bodyBytes: number
  /** Most requests of a lane, waiting or at work, and most bytes of all; one more is answered 503. */
  waitingRequests: number
  waitingBytes: number
  /** Latency that admission aims at: requests wait for half of it at most, about. */
  objectiveMs: number
  /** How long callers wait that do not tell; what would come later is not begun. 0: any time. */
  deadlineMs: number
  /** Whether pages get popular items without offers when the server is busy, rather than a refusal. */
  degrade: boolean
  /** A batch that a worker has not answered after this long never comes; the worker is replaced. */
  hangMs: number
  /** A body, and an answer, that takes longer ends its connection. */
  slowMs: number
  /** Bytes of bodies that are not whole yet, of all callers. */
  bodiesBytes: number
  connections: number
  /** Shoppers and sessions whose live state is kept. */
  liveShoppers: number
  logLevel: LogLevel
  /** Whether an event, and a decision, is answered when its row is durable, or before. */
  eventAck: Ack
  decisionAck: Ack
  /** Newest event ids at least that are known again. */
  eventIds: number
  /** What each log keeps: days since a segment was written, and bytes. */
  logKeepDays: number
  logKeepBytes: number
  /** Below this the disk counts as full. */
  logMinFreeBytes: number
  /** File of the ledger that several servers of the shop share, each with a home of its own; null: this one's, for codes alone. */
  ledger: string | null
  /** Of this server among those that share a ledger, the same after each restart; null: the folder of its logs. */
  serverName: string | null
  /** How long a lease of budgets lasts that is not renewed. */
  leaseMs: number
  /** Share of what is left of a budget that one server leases, in basis points, and the least amount of money. */
  leaseShareBps: number
  leaseLeastMinor: number
  /** How a new snapshot is watched after it took over; null: not at all, and nothing is rolled back by itself. */
  watch: WatchSettings | null
}

export const WATCH: WatchSettings = {
  windowMs: 300_000,
  leastRequests: 100,
  errorShare: 0.02,
  emptyShare: 0.05,
  fallbackShare: 0.25,
  discountFactor: 2,
  latencyFactor: 5,
  latencyMs: 250,
}

export const ACKS = ['durable', 'memory'] as const satisfies Ack[]
const DAY_MS = 86_400_000

export const SERVER_DEFAULTS: ServerConfig = {
  home: '.offerwright',
  shop: DEFAULT_SHOP,
  host: '127.0.0.1',
  port: 8080,
  workers: availableParallelism(),
  keys: [],
  bodyBytes: 256 * 1024,
  waitingRequests: 4096,
  waitingBytes: 64 * 1024 ** 2,
  objectiveMs: 100,
  deadlineMs: 0,
  degrade: false,
  hangMs: 5000,
  slowMs: 10_000,
  bodiesBytes: 64 * 1024 ** 2,
  connections: 10_000,
  liveShoppers: 65_536,
  logLevel: 'info',
  eventAck: 'durable',
  decisionAck: 'memory',
  eventIds: 500_000,
  logKeepDays: 400,
  logKeepBytes: 64 * 1024 ** 3,
  logMinFreeBytes: 64 * 1024 ** 2,
  ledger: null,
  serverName: null,
  leaseMs: 15_000,
  leaseShareBps: 2500,
  leaseLeastMinor: 10_000,
  watch: WATCH,
}

/** Fills in the defaults and refuses what cannot be served. */
export function serverConfig(given: Partial<ServerConfig>): ServerConfig {
  const config = { ...SERVER_DEFAULTS, ...given }
  wholeNumber('port', config.port, 0, 65_535)
  wholeNumber('workers', config.workers, 0, 256)
  wholeNumber('bodyBytes', config.bodyBytes, 1024, 64 * 1024 * 1024)
  wholeNumber('waitingRequests', config.waitingRequests, 1, 1_000_000)
  wholeNumber('waitingBytes', config.waitingBytes, 1024, Number.MAX_SAFE_INTEGER)
  wholeNumber('objectiveMs', config.objectiveMs, 1, 60_000)
  wholeNumber('deadlineMs', config.deadlineMs, 0, 600_000)
  wholeNumber('hangMs', config.hangMs, 50, 600_000)
  wholeNumber('slowMs', config.slowMs, 100, 600_000)
  wholeNumber('bodiesBytes', config.bodiesBytes, 1024, Number.MAX_SAFE_INTEGER)
  wholeNumber('connections', config.connections, 1, 1_000_000)
  wholeNumber('liveShoppers', config.liveShoppers, 1, 4_000_000)
  wholeNumber('eventIds', config.eventIds, 1, 10_000_000)
  wholeNumber('logKeepDays', config.logKeepDays, 1, 36_500)
  wholeNumber('logKeepBytes', config.logKeepBytes, 1024 ** 2, Number.MAX_SAFE_INTEGER)
  wholeNumber('logMinFreeBytes', config.logMinFreeBytes, 0, Number.MAX_SAFE_INTEGER)
  for (const field of ['eventAck', 'decisionAck'] as const)
    if (!ACKS.includes(config[field])) refuse(field, config[field], `one of ${ACKS.join(', ')}`)
  wholeNumber('leaseMs', config.leaseMs, 300, 3_600_000)
  wholeNumber('leaseShareBps', config.leaseShareBps, 1, 10_000)
  wholeNumber('leaseLeastMinor', config.leaseLeastMinor, 1, 2_147_483_647)
  if (config.watch !== null) {
    wholeNumber('watch.windowMs', config.watch.windowMs, 1000, 86_400_000)
    wholeNumber('watch.leastRequests', config.watch.leastRequests, 2, 1_000_000_000)
  }
  if (!new RegExp(SHOP_ID_PATTERN).test(config.shop)) refuse('shop', config.shop, `must match ${SHOP_ID_PATTERN}`)
  if (!LOG_LEVELS.includes(config.logLevel)) refuse('logLevel', config.logLevel, `one of ${LOG_LEVELS.join(', ')}`)
  if (config.keys.length === 0 && !isLoopback(config.host))
    refuse(
      'host',
      config.host,
      'without API keys only a loopback address is served; give --keys or OFFERWRIGHT_API_KEYS',
    )
  return config
}

export function logSettings(config: ServerConfig): LogSettings {
  const { eventAck, decisionAck, logKeepDays, logKeepBytes, logMinFreeBytes } = config
  return {
    eventAck,
    decisionAck,
    keepMs: logKeepDays * DAY_MS,
    keepBytes: logKeepBytes,
    minFreeBytes: logMinFreeBytes,
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

export function shopPaths({
  home,
  shop,
  ledger = null,
}: Pick<ServerConfig, 'home' | 'shop'> & { ledger?: string | null }) {
  const root = join(resolve(home), 'shops', shop)
  return {
    snapshots: join(root, 'snapshots'),
    campaigns: join(root, 'campaigns.json'),
    log: join(root, 'log'),
    ledger: ledger === null ? join(root, 'ledger.sqlite') : resolve(ledger),
  }
}

function wholeNumber(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    refuse(field, value, `a whole number from ${least} to ${most}`)
}

function refuse(field: string, value: unknown, remedy: string): never {
  throw new OfferwrightError('invalid_value', `invalid ${field}: ${value} (${remedy})`, { field, value })
}
