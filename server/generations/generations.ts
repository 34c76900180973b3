/** Which snapshot serves. A new one is opened and warmed beside the old, which serves until then, or on when it fails. */
import type { Logger } from 'pino'
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import type { SnapshotId } from '../../core/contract/ids.ts'
import { type Activation, activationHistory, refusalOf } from '../../core/snapshot/history.ts'
import { currentSnapshot, pointerVersion, rollBackSnapshot } from '../../core/snapshot/store.ts'
import { SnapshotUser } from '../../core/snapshot/users.ts'
import { KeptOffers } from '../../core/store/kept-offers.ts'
import { BatchLoops } from './batch-loops.ts'
import { noteGarbageLater } from './garbage.ts'
import { type GenerationOptions, ServingGeneration } from './generation.ts'
import { OpeningThread } from './opening.ts'
import type { Watch } from './watch.ts'

export interface GenerationsOptions extends Omit<GenerationOptions, 'loops'> {
  logger: Logger
  watch: Watch
  /** Brings live state into a generation and warms it; it serves when this resolves. */
  prepare: (generation: ServingGeneration) => Promise<void>
  /** A generation has begun to serve. */
  onServing: (generation: ServingGeneration) => void
}

export class Generations {
  current: ServingGeneration | null = null
  swaps = 0
  refused = 0
  rollBacks = 0
  readonly #options: GenerationsOptions
  readonly #user: SnapshotUser
  #loops: BatchLoops | null
  /** Null until the first look for something else to serve. */
  #opener: OpeningThread | null = null
  /** What served before, to return to. */
  #previous: SnapshotId | null = null
  #cannotHold = false
  /** A snapshot is on its way to serving: one at a time, or an activation would be undone by what was opened before it. */
  #isOpening = false
  /** The pointer as last acted on, so that one bad snapshot is refused once, and tried again when it is activated again. */
  #seen: string | null = null
  /** Until each is closed. */
  readonly #retiring = new Map<ServingGeneration, Promise<void>>()
  #lost = new WeakSet<ServingGeneration>()
  #closed = false

  constructor(options: GenerationsOptions) {
    this.#options = options
    this.#user = new SnapshotUser(options.store)
    this.#loops = this.#beginLoops()
  }

  #beginLoops(): BatchLoops | null {
    const { workers, logger } = this.#options
    if (workers === 0) return null
    return new BatchLoops({
      workers,
      onLost: ({ message }) => logger.error({ snapshot: this.current?.id, reason: message }, 'worker lost'),
      onExit: ({ arenas, keptOffers }, threadId) => {
        giveBack(arenas, threadId)
        KeptOffers.giveBack(keptOffers, threadId)
      },
    })
  }

  /** Opens what `CURRENT` names. Throws where there is nothing to serve. */
  async start(): Promise<void> {
    const version = await pointerVersion(this.#options.store)
    const id = await currentSnapshot(this.#options.store)
    if (id === null)
      throw new OfferwrightError(
        'unknown_snapshot',
        `no snapshot in ${this.#options.store}: run \`offerwright train\` and \`offerwright publish\`, or \`offerwright start\` for a demo shop`,
        { field: 'CURRENT' },
      )
    this.#seen = version
    await this.#serve(id)
  }

  /** Looks at `CURRENT` and swaps when it has moved. A refused snapshot leaves the old one serving. */
  async follow(): Promise<void> {
    if (this.#isOpening || this.#closed) return
    this.#opener ??= new OpeningThread()
    const loops = this.#loops
    let id: SnapshotId | null = null
    try {
      const version = await pointerVersion(this.#options.store)
      if (version === this.#seen) return
      this.#seen = version
      id = await currentSnapshot(this.#options.store)
      if (id !== null && id !== this.current?.id) await this.#serve(id)
    } catch (error) {
      // The workers that it was opened for are lost: again, with those that took their place.
      if (loops !== this.#loops) this.#seen = null
      else this.#refuse(error, id)
    }
  }

  /** Returns to the snapshot before where the watch says so; servers that share the store follow. */
  async judge(now: number): Promise<void> {
    const reason = this.#options.watch.look(now)
    const [from, to] = [this.current?.id, this.#previous]
    if (reason === null || from === undefined || to === null) return
    const { store, logger } = this.#options
    try {
      const moved = await rollBackSnapshot(store, { time: now, reason, from, to })
      if (moved === null) return
      this.rollBacks++
      logger.error({ from, to, reason }, 'snapshot rolled back')
    } catch (error) {
      logger.error({ from, to, reason, failure: String(error) }, 'snapshot could not be rolled back')
    }
  }

  /** Lets batches under way finish and ends all workers. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.current) this.#retire(this.current)
    this.current = null
    await Promise.all(this.#retiring.values())
    await Promise.all([this.#loops?.close(), this.#opener?.end()])
    await this.#user.release().catch((error) => this.#warnOfHold(error))
  }

  /** Shows whoever deletes snapshots that this server still uses what it holds. */
  async renew(): Promise<void> {
    await this.#user.renew().catch((error) => this.#warnOfHold(error))
  }

  /** Ends workers that hang. Where that does not help, the same snapshot is opened afresh. `now`: by `performance.now`. */
  async tend(now: number): Promise<void> {
    for (const old of this.#retiring.keys()) old.look(now)
    const generation = this.current
    const reason = generation?.look(now) ?? null
    if (generation === null || reason === null || this.#closed) return
    const lost = this.#loops
    if (!this.#lost.has(generation)) {
      this.#options.logger.error({ snapshot: generation.id, reason }, 'workers lost, generation reopened')
      this.#lost.add(generation)
      this.#loops = this.#beginLoops()
      // What is being opened may wait for one of them for ever.
      if (this.#isOpening) await lost?.destroy()
    }
    if (!this.#isOpening) await this.#serve(generation.id).catch((error) => this.#refuse(error, generation.id))
  }

  async #serve(id: SnapshotId): Promise<void> {
    this.#isOpening = true
    try {
      await this.#open(id)
    } finally {
      this.#isOpening = false
    }
  }

  async #open(id: SnapshotId): Promise<void> {
    await this.#hold(id)
    const options = { ...this.#options, loops: this.#loops }
    const generation = await ServingGeneration.open(id, options, this.#opener)
    try {
      await this.#options.prepare(generation)
    } catch (error) {
      this.#retire(generation)
      throw error
    }
    const isWatched = isNews(await activationHistory(this.#options.store), id)
    if (options.loops !== this.#loops) {
      this.#retire(generation)
      throw new Error('its workers were lost while it was opened')
    }
    const old = this.current
    this.current = generation
    this.#options.watch.begin(id, isWatched, Date.now())
    if (old) {
      if (old.id !== id) this.#previous = old.id
      this.swaps++
      this.#retire(old)
    }
    this.#options.logger.info({ snapshot: id, epoch: generation.image.manifest.epoch }, 'snapshot serving')
    this.#options.onServing(generation)
    await this.#hold(id)
  }

  /** Keeps what is opened, what serves and what served before from being deleted. */
  async #hold(opened: SnapshotId): Promise<void> {
    const ids = [opened, this.current?.id, this.#previous].filter((id) => id !== undefined && id !== null)
    await this.#user.hold(ids).catch((error) => this.#warnOfHold(error))
  }

  /** A server that may only read the store serves all the same; whoever prunes must then keep enough parents. */
  #warnOfHold(error: Error): void {
    if (!this.#cannotHold)
      this.#options.logger.warn({ reason: error.message }, 'cannot note which snapshots are in use')
    this.#cannotHold = true
  }

  #retire(generation: ServingGeneration): void {
    const ended = this.#lost.has(generation) ? generation.abandon() : generation.close()
    const closing = ended.finally(() => {
      this.#retiring.delete(generation)
      // After whoever holds the generation now has let it go.
      if (!this.#closed) noteGarbageLater()
    })
    this.#retiring.set(generation, closing)
  }

  #refuse(error: unknown, snapshot: SnapshotId | null): void {
    this.refused++
    const fault: Fault | { message: string } =
      error instanceof OfferwrightError ? error.toJSON().error : { message: String(error) }
    this.#options.logger.error({ fault, snapshot, serving: this.current?.id }, 'snapshot refused')
  }
}

/** The arena of a thread that is gone is anybody's again. */
function giveBack(arenas: Int32Array, threadId: number): void {
  const arena = arenas.indexOf(threadId)
  if (arena >= 0) Atomics.store(arenas, arena, 0)
}

/** Not what was returned to, nor what somebody took by hand although it had been rolled back. */
function isNews(history: Activation[], id: SnapshotId): boolean {
  const last = history.at(-1)
  if (last?.id !== id) return true
  return last.by !== 'roll-back' && (last.by === 'publish' || refusalOf(history.slice(0, -1), id) === null)
}
