/** `offerwright serve`: decisions over HTTP from the shop's current snapshot. */
import type { KeyObject } from 'node:crypto'
import { Command, Option } from 'commander'
import type { Ack } from '../core/store/log/options.ts'
import { ACKS, LOG_LEVELS, type LogLevel, SERVER_DEFAULTS, type ServerConfig, WATCH } from '../server/config.ts'
import { type ApiKey, keysOfText, readKeyFile } from '../server/http/keys.ts'
import { type RunningServer, startServer } from '../server/server.ts'
import { type HomeOptions, withHome, withLedger } from './home.ts'
import { wholeNumber } from './number-options.ts'
import { addPublicKey } from './signing-keys.ts'

const SIGNATURES = ['required', 'optional'] as const

interface ServeOptions extends HomeOptions {
  host: string
  port: number
  workers: number
  keys?: string
  publicKey: KeyObject[]
  signature: (typeof SIGNATURES)[number]
  liveShoppers: number
  logLevel: LogLevel
  serverName?: string
  leaseMs: number
  leaseShare: number
  leaseLeast: number
  rollBack: boolean
  watchSeconds: number
  eventAck: Ack
  decisionAck: Ack
  eventIds: number
  logKeepDays: number
  logKeepGib: number
  logMinFreeMib: number
  objectiveMs: number
  deadlineMs: number
  waitingRequests: number
  waitingMib: number
  degrade: boolean
  hangMs: number
  slowMs: number
  bodiesMib: number
  connections: number
}

const GIB = 1024 ** 3
const MIB = 1024 ** 2

export function serveCommand(): Command {
  const defaults = SERVER_DEFAULTS
  return withLedger(withHome(new Command('serve')))
    .description("answer decisions over HTTP from the shop's current snapshot; follows CURRENT and the campaign file")
    .option('--host <address>', 'address to listen on; others than loopback need API keys', defaults.host)
    .option('--port <n>', 'port to listen on; 0 takes any', wholeNumber, defaults.port)
    .option('--workers <n>', 'threads that decide; 0: the one that listens does', wholeNumber, defaults.workers)
    .option('--keys <file>', 'API keys: JSON list of {name, role, sha256, trusted}; or OFFERWRIGHT_API_KEYS=role:key,…')
    .option(
      '--public-key <file>',
      'Ed25519 key in PEM that snapshots are signed with; give it again while keys change',
      addPublicKey,
      [],
    )
    .addOption(
      new Option('--signature <rule>', 'with a key: refuse a snapshot without a signature, or take it')
        .choices(SIGNATURES)
        .default('required'),
    )
    .option('--live-shoppers <n>', 'shoppers and sessions to remember', wholeNumber, defaults.liveShoppers)
    .option('--server-name <name>', 'this one among servers that share a ledger (default: the folder of its logs)')
    .option('--lease-ms <n>', 'how long a lease of budgets lasts that is not renewed', wholeNumber, defaults.leaseMs)
    .option('--lease-share <bps>', 'of a budget, to one server, in basis points', wholeNumber, defaults.leaseShareBps)
    .option('--lease-least <minor>', 'least amount of a lease', wholeNumber, defaults.leaseLeastMinor)
    .option(
      '--watch-seconds <n>',
      'how long a new snapshot is compared with the one before',
      wholeNumber,
      WATCH.windowMs / 1000,
    )
    .option('--no-roll-back', 'do not return to the one before by itself')
    .addOption(new Option('--log-level <level>').choices(LOG_LEVELS).default(defaults.logLevel))
    .addOption(
      new Option('--event-ack <when>', 'events are answered when durable, or before')
        .choices(ACKS)
        .default(defaults.eventAck),
    )
    .addOption(
      new Option(
        '--decision-ack <when>',
        'decisions are answered when durable, or before: then at most 100 ms are at risk',
      )
        .choices(ACKS)
        .default(defaults.decisionAck),
    )
    .option('--event-ids <n>', 'newest event ids that are known again', wholeNumber, defaults.eventIds)
    .option('--log-keep-days <n>', 'days that logs are kept', wholeNumber, defaults.logKeepDays)
    .option('--log-keep-gib <n>', 'GiB that each log may take', wholeNumber, defaults.logKeepBytes / GIB)
    .option(
      '--log-min-free-mib <n>',
      'MiB below which the disk counts as full',
      wholeNumber,
      defaults.logMinFreeBytes / MIB,
    )
    .option('--objective-ms <n>', 'latency that admission aims at', wholeNumber, defaults.objectiveMs)
    .option(
      '--deadline-ms <n>',
      'how long a page waits that sends no X-Deadline-Ms; 0: however long',
      wholeNumber,
      defaults.deadlineMs,
    )
    .option('--waiting-requests <n>', 'most requests that a lane may hold', wholeNumber, defaults.waitingRequests)
    .option('--waiting-mib <n>', 'MiB of requests that wait or are at work', wholeNumber, defaults.waitingBytes / MIB)
    .option('--degrade', 'when busy, answer pages with popular items without offers', defaults.degrade)
    .option('--hang-ms <n>', 'a worker that answers nothing for so long is replaced', wholeNumber, defaults.hangMs)
    .option('--slow-ms <n>', 'longest time of a body, and of reading an answer', wholeNumber, defaults.slowMs)
    .option('--bodies-mib <n>', 'MiB of bodies that are not whole yet', wholeNumber, defaults.bodiesBytes / MIB)
    .option('--connections <n>', 'most open connections', wholeNumber, defaults.connections)
    .addHelpText(
      'after',
      '\nExample:\n  $ OFFERWRIGHT_API_KEYS=serve:s3cret offerwright serve --host 0.0.0.0 --port 8080',
    )
    .action(async (options: ServeOptions) => stopOnSignal(await startServer(await configOf(options))))
}

async function configOf(options: ServeOptions): Promise<Partial<ServerConfig>> {
  const { home, shop, host, port, workers, liveShoppers, logLevel, eventAck, decisionAck, eventIds } = options
  const logs: Partial<ServerConfig> = {
    eventAck,
    decisionAck,
    eventIds,
    logKeepDays: options.logKeepDays,
    logKeepBytes: options.logKeepGib * GIB,
    logMinFreeBytes: options.logMinFreeMib * MIB,
  }
  const { objectiveMs, deadlineMs, waitingRequests, degrade, hangMs, slowMs, connections } = options
  const admission: Partial<ServerConfig> = {
    objectiveMs,
    deadlineMs,
    waitingRequests,
    waitingBytes: options.waitingMib * MIB,
    degrade,
    hangMs,
    slowMs,
    bodiesBytes: options.bodiesMib * MIB,
    connections,
  }
  const config: Partial<ServerConfig> = {
    home,
    shop,
    host,
    port,
    workers,
    liveShoppers,
    logLevel,
    ...logs,
    ...admission,
  }
  config.ledger = options.ledger ?? null
  config.serverName = options.serverName ?? null
  config.leaseMs = options.leaseMs
  config.leaseShareBps = options.leaseShare
  config.leaseLeastMinor = options.leaseLeast
  if (options.publicKey.length > 0) {
    config.publicKeys = options.publicKey
    config.requireSignature = options.signature === 'required'
  }
  const watch = options.rollBack ? { ...WATCH, windowMs: 1000 * options.watchSeconds } : null
  return { ...config, watch, keys: await keysOf(options) }
}

async function keysOf({ keys }: ServeOptions): Promise<ApiKey[]> {
  const told = process.env.OFFERWRIGHT_API_KEYS
  return [...(keys === undefined ? [] : await readKeyFile(keys)), ...(told ? keysOfText(told) : [])]
}

/** Ctrl-C under `npm` comes twice: from the terminal and from npm. */
const ONE_SIGNAL_MS = 1000

/**
 * The first signal lets requests under way finish; the process ends when nothing is left to do. One that comes later than `ONE_SIGNAL_MS`
 * ends it at once.
 */
export function stopOnSignal(server: RunningServer): void {
  const stop = () => {
    setTimeout(() => process.off('SIGTERM', stop).off('SIGINT', stop), ONE_SIGNAL_MS).unref()
    void server.close()
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}
