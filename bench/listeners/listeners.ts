/**
 * A topology that the product does not have: several threads listen on one port, and each decides with a kernel of its own on the one
 * shared memory of the snapshot. The thread that starts them opens the snapshot and owns live state as the server's HTTP thread does,
 * deals connections out to them in turn, and is told every few milliseconds what offers took from budgets. It takes no request itself.
 *
 * Beside the product's server these are left out: the refusals of admission, the comparison of snapshots, keys, `X-Deadline-Ms`, and
 * what the HTTP thread looks at from time to time (files, leases, prices). One such thread beside `--workers 0` tells what they cost.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { pino } from 'pino'
import { loadUws, type TemplatedApp } from '../../core/native/uws.ts'
import { currentSnapshot, snapshotFolder } from '../../core/snapshot/store.ts'
import { makeSecret } from '../../core/store/ledger/personal.ts'
import { serverConfig, shopPaths } from '../../server/config.ts'
import { openImage } from '../../server/generations/opening.ts'
import { LiveCampaigns } from '../../server/live/campaigns.ts'
import { Poll } from '../../server/live/poll.ts'
import { LiveState } from '../../server/live/state.ts'
import type { WorkerSetup } from '../../server/work/context.ts'
import type { PublishedCampaigns } from '../../server/work/messages.ts'

/** What each thread is started with. */
export interface ListenerSetup {
  work: Omit<WorkerSetup, 'slabs'>
  campaigns: PublishedCampaigns
  home: string
  /** Folder of its own logs. */
  log: string
  /** Requests answered, by thread; it counts at `place`. */
  answered: Uint32Array
  place: number
}

const RELEASE_MS = 1000

export class Listeners {
  port = 0
  readonly answered: Uint32Array
  readonly #acceptor: TemplatedApp
  readonly #state: LiveState
  readonly #threads: Worker[] = []
  readonly #release: Poll

  private constructor(acceptor: TemplatedApp, state: LiveState, count: number) {
    this.#acceptor = acceptor
    this.#state = state
    this.answered = new Uint32Array(new SharedArrayBuffer(Uint32Array.BYTES_PER_ELEMENT * count))
    this.#release = new Poll(RELEASE_MS, async () => state.budgets.release(Date.now()))
  }

  /** Resolves when `count` threads take requests. Throws what keeps a server from serving. */
  static async start(home: string, count: number): Promise<Listeners> {
    const config = serverConfig({ home })
    const paths = shopPaths(config)
    const id = await currentSnapshot(paths.snapshots)
    if (id === null) throw new Error(`no snapshot is current in ${paths.snapshots}`)
    const image = await openImage({ folder: snapshotFolder(paths.snapshots, id), id, arenas: count })
    const state = new LiveState(config.liveShoppers, config.eventIds)
    const secret = () => makeSecret(paths.ledger)
    const logger = pino({ level: 'warn' }, pino.destination(2))
    const campaigns = new LiveCampaigns(paths.campaigns, image.manifest.currency, state.budgets, secret, logger)
    await campaigns.look()
    const work = {
      image,
      arenas: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * count)),
      shoppers: state.shopperMemory,
      budgets: state.budgets.memory,
      keptOffers: state.keptOffersMemory,
      dualPrices: state.dualPrices,
      ledger: paths.ledger,
    }
    const uws = await loadUws()
    const listeners = new Listeners(uws.App(), state, count)
    for (let place = 0; place < count; place++) {
      const log = join(paths.log, `listener-${place}`)
      const { answered } = listeners
      await listeners.#add({ work, campaigns: campaigns.published, home, log, answered, place })
    }
    const { host } = config
    listeners.port = await new Promise((resolve, reject) =>
      listeners.#acceptor.listen(host, 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) =>
        socket ? resolve(uws.us_socket_local_port(socket)) : reject(new Error(`cannot listen on ${host}`)),
      ),
    )
    return listeners
  }

  /** A thread tells the address of its app, then what it reserved. A thread's fault ends the process, and all the others. */
  async #add(workerData: ListenerSetup): Promise<void> {
    const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData })
    const [descriptor] = (await once(thread, 'message')) as [number]
    this.#acceptor.addChildAppDescriptor(descriptor)
    thread.on('message', (reserved: Float64Array) => this.#state.noteReserved(reserved))
    this.#threads.push(thread)
  }

  /** Ends every connection, and resolves when the threads' logs are written out and they are gone. */
  async close(): Promise<void> {
    this.#acceptor.close()
    await this.#release.stop()
    await Promise.all(
      this.#threads.map((thread) => {
        const gone = once(thread, 'exit')
        thread.postMessage('close')
        return gone
      }),
    )
  }
}
