/**
 * A log that one process appends to. Rows that come while a sync is under way go to the disk together with the next one, at most
 * one sync each `commitMs`; when a sync returns, everything in it is durable and `flush` says so.
 *
 *   appended ── waiting ── in flight ── durable
 *
 * A write or sync that fails seals its segment for good and the next rows begin a new one. What was not durable then is
 * - given up, where acknowledgements wait for the disk (`ack: 'durable'`): every `flush` rejects and the sequences are given again;
 * - kept and written into the new segment, where they do not (`ack: 'memory'`): its callers were answered already. Every `flush`
 *   rejects too.
 * Until the disk takes rows again, `refusal` tells callers why theirs are not taken.
 */
import type { OfferwrightError } from '../../contract/errors.ts'
import { Gathering } from './gathering.ts'
import { OpenSegment } from './open-segment.ts'
import { type AppendLogOptions, type GivenLogOptions, LOG_DEFAULTS } from './options.ts'
import { type Cut, recoverLog } from './recover.ts'
import { failureOf, unavailable } from './refusals.ts'
import { segmentPath, segmentsAmong } from './segments.ts'

interface Flush {
  upTo: number
  resolve: () => void
  reject: (error: OfferwrightError) => void
}

export class AppendLog {
  /** What was cut off when the log was opened. */
  readonly cut: Cut | null
  readonly counts = { bytes: 0, syncs: 0, failures: 0, segments: 0 }
  readonly #options: AppendLogOptions
  #segment: OpenSegment | null = null
  #segmentNumber: number
  /** Sequences: of the next row, and of the last one that is durable. */
  #next: number
  #durable: number
  #waiting = new Gathering()
  /** The other one: in flight, or empty. */
  #flight = new Gathering()
  #flushes: Flush[] = []
  #committing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #commitAt = 0
  #failure: OfferwrightError | null = null
  /** Segments up to this number are written no more. */
  #sealedUpTo = 0
  #closing = false

  private constructor(options: AppendLogOptions, segment: number, next: number, cut: Cut | null) {
    this.#options = options
    this.#segmentNumber = segment
    this.#next = next
    this.#durable = next - 1
    this.cut = cut
  }

  /** Cuts off a torn end. Throws `log_corrupt` where the last segment is damaged before it. */
  static async open(given: GivenLogOptions): Promise<AppendLog> {
    const options = { ...LOG_DEFAULTS, ...given }
    const { segment, next, cut } = await recoverLog(options.files, options.folder, options.name)
    return new AppendLog(options, segment, next, cut)
  }

  /** Why no row is taken now; null: they are. A caller that can be told to come again should be. */
  get refusal(): OfferwrightError | null {
    if (this.#failure !== null && performance.now() < this.#commitAt) return this.#failure
    if (this.hasRoom) return null
    return this.#failure ?? unavailable(this.#options.name, 'the disk does not keep up')
  }

  /** Whether another row may wait for the disk. */
  get hasRoom(): boolean {
    return this.waitingBytes <= this.#options.waitingBytes
  }

  /** Why the last sync failed; null when it did not. */
  get failure(): OfferwrightError | null {
    return this.#failure
  }

  get waitingBytes(): number {
    return this.#waiting.length + this.#flight.length
  }

  /** For how long the oldest row that is not durable has been waiting, in milliseconds; 0: all are. */
  get waitingMs(): number {
    const oldest = this.#flight.count > 0 ? this.#flight : this.#waiting
    return oldest.count === 0 ? 0 : performance.now() - oldest.since
  }

  /** The file that is written now, and those before it are not; null: none is. */
  get openFile(): string | null {
    return this.#segment?.path ?? null
  }

  /** Takes a copy of a row. */
  append(row: Uint8Array): void {
    this.#waiting.add(this.#options, this.#next++, row)
    this.#schedule()
  }

  /** Resolves when everything appended so far is durable. Rejects with `disk_full` or `log_unavailable` when the disk did not take it. */
  flush(): Promise<void> {
    const upTo = this.#next - 1
    if (upTo === this.#durable) return Promise.resolve()
    return new Promise((resolve, reject) => this.#flushes.push({ upTo, resolve, reject }))
  }

  /** Closes a segment that is too old, so that others may take it away; its last rows are durable. */
  async closeOldSegment(): Promise<void> {
    await this.#committing
    if (this.#committing !== null || this.#segment === null || !this.#isOver(this.#segment)) return
    const segment = this.#segment
    this.#segment = null
    await segment.close()
  }

  /** Nothing is written any more to the segments that it resolves with; rows go on into the next one. */
  async seal(): Promise<string[]> {
    const { files, folder, name } = this.#options
    const last = this.#segmentNumber
    this.#sealedUpTo = last
    // What is in flight may still go into the last of them; what was given up is in none.
    await this.flush().catch(() => undefined)
    await this.closeOldSegment()
    const segments = segmentsAmong(await files.list(folder), folder, name)
    return segments.filter(({ number }) => number <= last).map(({ file }) => file)
  }

  /** Makes what waits durable and closes. A disk that still fails then loses the waiting rows: rejects with the reason. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    await this.#committing
    this.#committing ??= this.#commitAll()
    await this.#committing
    await this.#segment?.close()
    this.#segment = null
    if (this.#next - 1 === this.#durable) return
    const lost = this.#failure ?? unavailable(this.#options.name, 'closed')
    this.#giveUp()
    this.#reject(lost)
    throw lost
  }

  #schedule(): void {
    if (this.#committing !== null || this.#timer !== undefined) return
    const wait = this.#commitAt - performance.now()
    if (wait <= 0) this.#begin()
    else this.#timer = setTimeout(() => this.#begin(), wait)
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#committing ??= this.#commitAll()
  }

  /** One group, or all of them where the log closes; then the next is scheduled. */
  async #commitAll(): Promise<void> {
    // Rows that are appended in one go make one group.
    await null
    do {
      if (this.#flight.count === 0) [this.#waiting, this.#flight] = [this.#flight, this.#waiting]
      if (this.#flight.count === 0) break
      this.#commitAt = performance.now() + this.#options.commitMs
      await this.#commit(this.#flight)
    } while (this.#closing && this.#failure === null)
    this.#committing = null
    if (!this.#closing && this.waitingBytes > 0) this.#schedule()
  }

  async #commit(group: Gathering): Promise<void> {
    try {
      if (this.#segment !== null && this.#isOver(this.#segment)) await this.#endSegment(this.#segment)
      this.#segment ??= await this.#beginSegment()
      this.#waiting.expectAt(this.#segment.end + group.length)
      await this.#segment.append(group.frames)
      this.#settle(group)
    } catch (error) {
      await this.#seal(error as NodeJS.ErrnoException)
    }
  }

  #settle(group: Gathering): void {
    this.counts.syncs++
    this.counts.bytes += group.length
    this.#durable += group.count
    this.#failure = null
    group.clear()
    while (this.#flushes.length > 0 && this.#flushes[0].upTo <= this.#durable) this.#flushes.shift()?.resolve()
  }

  async #seal(error: NodeJS.ErrnoException): Promise<void> {
    this.counts.failures++
    this.#options.onError(error)
    this.#failure = failureOf(this.#options.name, error)
    this.#commitAt = performance.now() + this.#options.retryMs
    if (this.#options.ack === 'durable') this.#giveUp()
    this.#reject(this.#failure)
    const segment = this.#segment
    this.#segment = null
    await segment?.seal()
  }

  #giveUp(): void {
    this.#flight.clear()
    this.#waiting.clear()
    this.#next = this.#durable + 1
  }

  #reject(why: OfferwrightError): void {
    for (const { reject } of this.#flushes.splice(0)) reject(why)
  }

  #isOver({ durable, startedAt }: OpenSegment): boolean {
    const { segmentBytes, segmentMs } = this.#options
    if (this.#segmentNumber <= this.#sealedUpTo) return true
    return durable >= segmentBytes || performance.now() - startedAt >= segmentMs
  }

  /** The number is used up also when this fails, so that a file that could not be removed stands in nobody's way. */
  #beginSegment(): Promise<OpenSegment> {
    const { files, folder, name } = this.#options
    const path = segmentPath(folder, name, ++this.#segmentNumber)
    this.counts.segments++
    return OpenSegment.begin(files, path, this.#durable + 1, performance.now())
  }

  async #endSegment(segment: OpenSegment): Promise<void> {
    this.#segment = null
    await segment.close()
  }
}
