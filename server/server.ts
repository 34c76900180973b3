/** startServer: everything between a configuration and a server that answers, and back. */
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { type Logger, pino } from 'pino'
import { OfferwrightError } from '../core/contract/errors.ts'
import { type ListenSocket, loadUws, type TemplatedApp, type Uws } from '../core/native/uws.ts'
import { RENEW_MS } from '../core/snapshot/users.ts'
import { DISK, type Files } from '../core/store/files/files.ts'
import { openLedger } from '../core/store/ledger/database.ts'
import { makeSecret } from '../core/store/ledger/personal.ts'
import { spentByCodes } from '../core/store/ledger/spending.ts'
import { logSettings, type ServerConfig, serverConfig, shopPaths } from './config.ts'
import { Eraser } from './erasure/eraser.ts'
import { Generations } from './generations/generations.ts'
import { Warming } from './generations/warming.ts'
import { Watch } from './generations/watch.ts'
import { Callers, SWEEP_MS } from './http/callers.ts'
import { Dispatch } from './http/dispatch.ts'
import { addRoutes } from './http/routes.ts'
import { LedgerDesk } from './ledger/desk.ts'
import { LeaseKeeper } from './ledger/lease-keeper.ts'
import { LiveCampaigns } from './live/campaigns.ts'
import { EventIntake } from './live/intake.ts'
import { ShopLogs } from './live/logs.ts'
import { Pacing } from './live/pacing.ts'
import { endOffers, endRedeemedOffers, termsNow } from './live/personal.ts'
import { Poll } from './live/poll.ts'
import { replay } from './live/replay.ts'
import { LiveState } from './live/state.ts'
import { ServerMetrics } from './metrics.ts'

export interface RunningServer {
  /** The port in use, also where the configuration said 0. */
  port: number
  /** Stops listening, lets requests under way be answered, writes the logs out. */
  close(): Promise<void>
}

/** How often `CURRENT` and the campaign file are looked at. */
const LOOK_MS = 200
const RELEASE_MS = 1000
/** Space on the disk is asked for this often, and old segments are looked for. */
const TEND_MS = 1000
/** Whoever redeems expires reservations first; this is for what decisions and quotes are told of budgets. */
const EXPIRE_MS = 5000
/** How soon a server sees that a chunk of a budget runs out. */
const LEASE_MS = 100
/** Between two looks at what budgets use lies enough traffic for some tens of offers. */
const PACE_MS = 5000
/** A caller that does not read its answer is not waited for longer. */
const FINISH_MS = 10_000

/** Resolves when the server is ready. Throws where it cannot serve: settings, port, home, library, snapshot. `files`: of the logs. */
export async function startServer(given: Partial<ServerConfig> = {}, files: Files = DISK): Promise<RunningServer> {
  const config = serverConfig(given)
  const logger = pino({ level: config.logLevel, base: { shop: config.shop } }, pino.destination(2))
  const uws = await loadUws()
  const paths = shopPaths(config)
  await refuseUnwritable(paths.log)
  const logs = await ShopLogs.open(paths.log, logSettings(config), logger, files)
  const server = new Server(config, uws, new LiveState(config.liveShoppers, config.eventIds), logs, logger)
  try {
    await server.listen()
    await server.serve()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

class Server implements RunningServer {
  port = 0
  readonly #config: ServerConfig
  readonly #uws: Uws
  readonly #app: TemplatedApp
  readonly #state: LiveState
  readonly #logs: ShopLogs
  readonly #intake: EventIntake
  readonly #logger: Logger
  readonly #metrics: ServerMetrics
  readonly #callers: Callers
  readonly #generations: Generations
  #campaigns!: LiveCampaigns
  readonly #pacing: Pacing
  readonly #dispatch: Dispatch
  readonly #warming = new Warming()
  readonly #desk: LedgerDesk
  /** Null: this server is the shop's only one. */
  readonly #leases: LeaseKeeper | null
  readonly #eraser: Eraser
  #socket: ListenSocket | null = null
  #polls: Poll[] = []
  #isOpen = true
  #closing: Promise<void> | null = null

  constructor(config: ServerConfig, uws: Uws, state: LiveState, logs: ShopLogs, logger: Logger) {
    this.#config = config
    this.#uws = uws
    this.#app = uws.App()
    this.#state = state
    this.#logs = logs
    this.#intake = new EventIntake(logs, state.eventIds, config.eventAck === 'durable', ({ change, spending }) => {
      if (change !== null) state.applyChange(change)
      if (spending !== null) state.applySpending(spending, this.#campaigns)
    })
    this.#pacing = new Pacing(state.budgets, state.dualPrices)
    this.#logger = logger
    this.#metrics = new ServerMetrics(config.shop)
    this.#callers = new Callers({ ...config })
    const watch = new Watch(config.watch)
    this.#generations = new Generations({
      store: shopPaths(config).snapshots,
      workers: config.workers,
      publicKeys: config.publicKeys,
      requireSignature: config.requireSignature,
      shoppers: state.shopperMemory,
      budgets: state.budgets.memory,
      keptOffers: state.keptOffersMemory,
      dualPrices: state.dualPrices,
      ledger: shopPaths(config).ledger,
      hangMs: config.hangMs,
      logger,
      watch,
      prepare: (generation) => this.#prepare(generation),
      onServing: (generation) => {
        this.#state.catalogue.applyAll(generation)
        this.#dispatch.resume()
      },
    })
    const campaigns = () => this.#campaigns
    this.#desk = new LedgerDesk({
      file: shopPaths(config).ledger,
      leases: { ttlMs: config.leaseMs, shareBps: config.leaseShareBps, leastMinor: config.leaseLeastMinor },
      terms: () => termsNow(this.#campaigns, state),
      onSpent: (spent) => state.settleSpent(spent, this.#campaigns),
      onConfirmed: (subject, campaign, time) => this.#endOffers(subject, campaign, time),
      onFailure: (error) => logger.error({ reason: error.message }, 'ledger not written'),
    })
    this.#leases = config.ledger === null ? null : this.#leaseKeeper(config.serverName ?? shopPaths(config).log)
    this.#dispatch = new Dispatch({
      generations: this.#generations,
      campaigns,
      state,
      logs,
      intake: this.#intake,
      metrics: this.#metrics,
      logger,
      watch,
      warming: this.#warming,
      lanes: { ...config, workers: Math.max(1, config.workers) },
      degrade: config.degrade,
      waitingBytes: config.waitingBytes,
    })
    this.#callers.watchConnections(this.#app)
    this.#metrics.watchCallers(this.#callers)
    this.#eraser = new Eraser(shopPaths(config), state, logs, this.#warming, logger)
    addRoutes(this.#app, {
      config,
      dispatch: this.#dispatch,
      generations: this.#generations,
      campaigns,
      state,
      logs,
      desk: this.#desk,
      eraser: this.#eraser,
      metrics: this.#metrics,
      callers: this.#callers,
      isOpen: () => this.#isOpen,
      onFailure: (error) => logger.error({ failure: String((error as Error).stack ?? error) }, 'request failed'),
    })
  }

  #leaseKeeper(holder: string): LeaseKeeper {
    return new LeaseKeeper({
      holder,
      budgets: this.#state.budgets,
      limits: () => this.#campaigns.leased,
      renew: (renewal) => this.#desk.renew(renewal),
      onLost: (reason) => this.#logger.warn({ reason }, 'leases of budgets lost, taken anew'),
      onUncovered: (limit, amount) => this.#logger.error({ ...limit, amount }, 'purchases that no budget covered'),
    })
  }

  #endOffers(subject: string, campaign: string, time: number): void {
    const room = this.#generations.current?.room
    if (room !== undefined) endOffers(subject, campaign, time, this.#campaigns, this.#state, room)
  }

  async listen(): Promise<void> {
    const { host, port } = this.#config
    this.#socket = await new Promise<ListenSocket>((resolve, reject) =>
      this.#app.listen(host, port, this.#uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) =>
        socket ? resolve(socket) : reject(cannotListen(host, port)),
      ),
    )
    this.port = this.#uws.us_socket_local_port(this.#socket)
  }

  /** Opens the snapshot, brings live state back from the logs, and follows what changes. */
  async serve(): Promise<void> {
    await this.#generations.start()
    this.#metrics.watch(this.#state, this.#logs, this.#intake, this.#generations, () => this.#campaigns)
    this.#metrics.watchErasures(this.#eraser)
    this.#eraser.resume()
    // The first decision already meets the planned prices.
    this.#pace()
    this.#polls = [
      new Poll(LOOK_MS, () => this.#generations.follow()),
      new Poll(LOOK_MS, () => this.#campaigns.look()),
      new Poll(LOOK_MS, () => this.#generations.judge(Date.now())),
      new Poll(LOOK_MS, () => this.#generations.tend(performance.now())),
      new Poll(RENEW_MS, () => this.#generations.renew()),
      new Poll(RELEASE_MS, async () => this.#state.budgets.release(Date.now())),
      new Poll(PACE_MS, async () => this.#pace()),
      new Poll(SWEEP_MS, async () => this.#callers.sweep(performance.now())),
      new Poll(TEND_MS, () => this.#tendLogs()),
      new Poll(EXPIRE_MS, () => this.#desk.expire()),
    ]
    const leases = this.#leases
    if (leases !== null) this.#polls.push(new Poll(LEASE_MS, () => leases.look()))
    const { host, keys } = this.#config
    const guard = keys.length === 0 ? 'no API keys: every caller on this machine is trusted' : `${keys.length} API keys`
    this.#logger.info({ host, port: this.port, workers: this.#config.workers }, `serving; ${guard}`)
  }

  async #tendLogs(): Promise<void> {
    try {
      await this.#logs.tend(Date.now())
    } catch (error) {
      this.#logger.error({ reason: (error as Error).message }, 'logs not tended')
    }
  }

  #pace(): void {
    const current = this.#generations.current
    if (current !== null) this.#pacing.tick(this.#campaigns.paced, current.image.manifest.model, Date.now())
  }

  /** Once, however often it is asked for: the listening socket is freed by it. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isOpen = false
    if (this.#socket) this.#uws.us_listen_socket_close(this.#socket)
    await Promise.all(this.#polls.map((poll) => poll.stop()))
    await this.#finishRequests()
    await this.#leases?.end()
    await this.#desk.close()
    await this.#eraser.close()
    await this.#generations.close()
    this.#app.close()
    await this.#logs.close()
    this.#logger.info('stopped')
  }

  /** The first generation also brings the logs back; later ones only take over what is live. */
  async #prepare(generation: NonNullable<Generations['current']>): Promise<void> {
    if (this.#campaigns === undefined) await this.#restore(generation)
    this.#state.catalogue.applyAll(generation)
    this.#eraser.maskErased(generation)
    await generation.warm(this.#warming, this.#campaigns.published, Date.now())
  }

  async #restore(generation: NonNullable<Generations['current']>): Promise<void> {
    const { campaigns, log, ledger } = shopPaths(this.#config)
    const { currency } = generation.image.manifest
    const secret = () => makeSecret(ledger)
    const isShared = this.#leases !== null
    // A ledger that cannot be opened ends the start, and says why.
    if (isShared) openLedger(ledger).close()
    const live = new LiveCampaigns(campaigns, currency, this.#state.budgets, secret, this.#logger, isShared)
    await live.look()
    const report = await replay(log, this.#state, live, generation, Date.now())
    for (const spent of spentByCodes(ledger)) this.#state.settleSpent(spent, live)
    endRedeemedOffers(ledger, live, this.#state, generation.room)
    this.#campaigns = live
    await this.#leases?.look()
    this.#logger[report.badRows > 0 ? 'warn' : 'info'](report, 'live state restored')
  }

  async #finishRequests(): Promise<void> {
    const deadline = performance.now() + FINISH_MS
    while (this.#metrics.inFlight > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function refuseUnwritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    throw new OfferwrightError('environment', `home cannot be written: ${(error as Error).message}`, {
      field: 'home',
      value: folder,
    })
  }
}

function cannotListen(host: string, port: number): OfferwrightError {
  const message = `cannot listen on ${host}:${port}: the port is taken, or not yours to use; pass another with --port`
  return new OfferwrightError('environment', message, { field: 'port', value: port })
}
