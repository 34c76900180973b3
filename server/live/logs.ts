/** The shop's logs: what is acknowledged when, what they may keep, and what happens while the disk takes nothing. */
import type { Logger } from 'pino'
import { DECISION_ROW_VERSION } from '../../core/contract/decision-row.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { EVENT_ROW_VERSION } from '../../core/contract/events.ts'
import type { ItemChange } from '../../core/contract/requests.ts'
import { DISK, type Files } from '../../core/store/files/files.ts'
import { lockFolder } from '../../core/store/log/lock.ts'
import type { Ack } from '../../core/store/log/options.ts'
import { type Retention, removeOldSegments } from '../../core/store/log/retention.ts'
import { AppendLog } from '../../core/store/log/writer.ts'
import type { ItemRow } from './catalogue.ts'

export const LOGS = ['events', 'decisions', 'items'] as const
export type LogName = (typeof LOGS)[number]

export interface LogSettings extends Retention {
  eventAck: Ack
  decisionAck: Ack
  /** Below this the disk counts as full. */
  minFreeBytes: number
}

/** Types in the frames; a number never changes its meaning. */
const KINDS = {
  events: { type: 1, schemaVersion: EVENT_ROW_VERSION },
  decisions: { type: 2, schemaVersion: DECISION_ROW_VERSION },
  items: { type: 3, schemaVersion: 1 },
} as const
/** Segments that may go are looked for this often. */
const RETAIN_MS = 60_000
const COMMIT_DECISIONS_MS = 50
/** Of no more time than this are decisions answered whose rows a power cut would take. */
const AT_RISK_MS = 100
const COMMIT_MS = 5
const LINE_FEED = 10

export class ShopLogs {
  readonly logs: Record<LogName, AppendLog>
  readonly rows: Record<LogName, number> = { events: 0, decisions: 0, items: 0 }
  /** Rows of decisions that were answered and not logged, because the disk took none. */
  droppedRows = 0
  /** As last looked at. */
  freeBytes = Number.POSITIVE_INFINITY
  #retainedAt = 0
  readonly #folder: string
  readonly #files: Files
  readonly #settings: LogSettings
  readonly #logger: Logger
  readonly #unlock: () => Promise<void>
  #copied = Buffer.allocUnsafeSlow(64 * 1024)

  private constructor(
    folder: string,
    files: Files,
    settings: LogSettings,
    logger: Logger,
    logs: Record<LogName, AppendLog>,
    unlock: () => Promise<void>,
  ) {
    this.#folder = folder
    this.#files = files
    this.#settings = settings
    this.#logger = logger
    this.logs = logs
    this.#unlock = unlock
  }

  /** Cuts torn ends off. Throws `environment` where another process writes them, `log_corrupt` where one is damaged. */
  static async open(folder: string, settings: LogSettings, logger: Logger, files: Files = DISK): Promise<ShopLogs> {
    const unlock = await lockFolder(folder)
    const open = async (name: LogName, ack: Ack, commitMs: number) => {
      const onError = (error: Error) => logger.error({ log: name, reason: error.message }, 'log not written')
      const log = await AppendLog.open({ folder, name, ...KINDS[name], ack, commitMs, files, onError })
      if (log.cut !== null) logger.warn({ log: name, ...log.cut }, 'torn end of a log cut off')
      return log
    }
    try {
      const [events, decisions, items] = await Promise.all([
        open('events', settings.eventAck, COMMIT_MS),
        open('decisions', settings.decisionAck, settings.decisionAck === 'durable' ? COMMIT_MS : COMMIT_DECISIONS_MS),
        open('items', 'durable', COMMIT_MS),
      ])
      const logs = new ShopLogs(folder, files, settings, logger, { events, decisions, items }, unlock)
      logs.freeBytes = await files.freeBytes(folder)
      return logs
    } catch (error) {
      await unlock()
      throw error
    }
  }

  /** Why rows of a log are not taken now; null: they are. */
  refusal(name: LogName): OfferwrightError | null {
    const { minFreeBytes } = this.#settings
    if (this.freeBytes >= minFreeBytes) return this.logs[name].refusal
    const reason = `${this.freeBytes} bytes are free, ${minFreeBytes} are kept; come again later`
    return new OfferwrightError('disk_full', `the disk is full: ${reason}`)
  }

  /** Whether decisions are refused while the disk takes nothing. */
  get needsDecisions(): boolean {
    return this.#settings.decisionAck === 'durable'
  }

  /** Whether decisions are answered after their rows are durable: where it is asked for, and where a sync takes too long. */
  get waitsForDecisions(): boolean {
    const { waitingMs, failure } = this.logs.decisions
    return this.needsDecisions || (failure === null && waitingMs > AT_RISK_MS)
  }

  /**
   * Rows that each end in a line feed. Where decisions are answered before they are durable, an answer matters more than its row:
   * while the disk takes nothing rows are dropped and counted.
   */
  logDecisions(rows: Uint8Array, count: number): void {
    if (!this.needsDecisions && this.refusal('decisions') !== null && !this.#hasRoom()) {
      this.droppedRows += count
      return
    }
    const own = this.#copyOf(rows)
    for (let start = 0, end = 0; start < own.length; start = end + 1) {
      end = own.indexOf(LINE_FEED, start)
      this.logs.decisions.append(own.subarray(start, end))
    }
    this.rows.decisions += count
  }

  /**
   * Rows come in shared memory, out of which words are copied only to where words begin: 0.3 µs a row of 5.7 KB to here, and next
   * to nothing from here to its frame; straight to the frame it would go byte by byte and take 2.5.
   */
  #copyOf(rows: Uint8Array): Buffer {
    if (rows.length > this.#copied.length) this.#copied = Buffer.allocUnsafeSlow(2 * rows.length)
    this.#copied.set(rows)
    return this.#copied.subarray(0, rows.length)
  }

  /** A failed sync keeps rows in memory, up to a bound; a disk that is nearly full gets no more of them. */
  #hasRoom(): boolean {
    return this.freeBytes >= this.#settings.minFreeBytes && this.logs.decisions.hasRoom
  }

  /** Resolves when changes of items are durable. Rejects with the reason when they are not. */
  async logItems(shop: string, changes: ItemChange[], time: number): Promise<void> {
    const refusal = this.refusal('items')
    if (refusal !== null) throw refusal
    for (const change of changes) {
      const row: ItemRow = { v: 1, shop, ...change, time }
      this.logs.items.append(Buffer.from(JSON.stringify(row)))
    }
    await this.logs.items.flush()
    this.rows.items += changes.length
  }

  /** Looks at the disk, closes segments that are old and takes away what is kept too long. `now`: milliseconds since 1970. */
  async tend(now: number): Promise<void> {
    this.freeBytes = await this.#files.freeBytes(this.#folder)
    for (const name of LOGS) await this.logs[name].closeOldSegment()
    if (now - this.#retainedAt < RETAIN_MS) return
    this.#retainedAt = now
    for (const name of LOGS) {
      const removed = await removeOldSegments(this.#files, this.#folder, name, this.#settings, now)
      if (removed.length > 0) this.#logger.info({ log: name, removed }, 'segments removed: too old, or too many')
    }
  }

  /** What cannot be written any more is told and lost. */
  async close(): Promise<void> {
    for (const name of LOGS)
      await this.logs[name]
        .close()
        .catch((error: Error) => this.#logger.error({ log: name, reason: error.message }, 'rows lost at the end'))
    await this.#unlock()
  }
}
