import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../../bench/random.ts'
import { type ShopFolders, shopFolders } from '../../../cli/home.ts'
import { OfferwrightError } from '../../../core/contract/errors.ts'
import { activationHistory } from '../../../core/snapshot/history.ts'
import { openSnapshot } from '../../../core/snapshot/open.ts'
import { currentSnapshot, snapshotFolder, snapshotIds } from '../../../core/snapshot/store.ts'
import { CutDisk } from '../../support/power/cut-disk.ts'
import { buildRecorder, readCalls, recording, refusing } from '../../support/power/recorder.ts'
import { type Ended, run as runProcess } from '../../support/processes.ts'
import { CLI, type TrainedShop, trainShop } from '../../support/trained-shop.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const FAULTS = ['EIO', 'ENOSPC', 'short'] as const

/**
 * `offerwright publish` with one call to the disk refused, each in turn: folders made, files written and synced, renamed into place,
 * the pointer, old ones removed. Then power cuts anywhere in publishing.
 */
export const publishing: Fault = {
  name: 'publishing',
  about: 'each call to the disk of publishing fails in turn; 1,000 power cuts: what is current is whole and newest',
  never: ['crashes', 'untold', 'unsound', 'notResumed', 'unsoundAfterCuts', 'lost'],
  run: async (run) => {
    const shop = await trainShop(100, 3000)
    try {
      return await failPublishing(run, shop)
    } finally {
      await shop.remove()
    }
  },
}

/** `skipped` 1: there is no C compiler here. */
export async function failPublishing(run: FaultRun, trained: TrainedShop): Promise<Record<string, number>> {
  const work = await mkdtemp(join(tmpdir(), 'publishing-'))
  try {
    const built = buildRecorder(work)
    if ('library' in built) {
      const publisher = new Publisher(trained.folders, work, built.library)
      return { skipped: 0, ...(await refuseEach(run, publisher)), ...(await cutAnywhere(run, publisher)) }
    }
    run.say(built.missing)
    return { runs: 0, cuts: 0, skipped: 1 }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Publishes what a shop has trained, in a copy of it. */
class Publisher {
  readonly folders: ShopFolders
  readonly #trained: ShopFolders
  readonly #library: string
  readonly #record: string

  constructor(trained: ShopFolders, work: string, library: string) {
    this.#trained = trained
    this.folders = shopFolders({ home: join(work, 'home'), shop: trained.shop })
    this.#library = library
    this.#record = join(work, 'calls')
  }

  /** With the snapshots that were there; without: with none. */
  async reset(withSnapshots: boolean): Promise<void> {
    await rm(this.folders.home, { recursive: true, force: true })
    await rm(this.#record, { force: true })
    await cp(this.#trained.root, this.folders.root, { recursive: true })
    if (withSnapshots) return
    await rm(this.folders.snapshots, { recursive: true })
    await mkdir(this.folders.snapshots)
  }

  /** `refusal`: as the recorder's `refusing` tells it. The oldest snapshot goes. */
  publish(refusal: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const env = { ...recording(this.#library, this.#record, this.folders.snapshots), ...refusal }
    return runProcess(process.execPath, [CLI, 'publish', '--home', this.folders.home, '--parents', '1'], { env })
  }

  async calls() {
    return readCalls(await readFile(this.#record))
  }
}

async function refuseEach(run: FaultRun, publisher: Publisher) {
  const counts = { runs: 0, refusedCalls: 0, refusedRenames: 0, failedRuns: 0 }
  const broken = { crashes: 0, untold: 0, unsound: 0, notResumed: 0 }
  await publisher.reset(true)
  await publisher.publish()
  const calls = (await publisher.calls()).filter(({ call }) => call !== 'S').map(({ call }) => call)
  for (const { number, fault } of chosen(run, calls)) {
    await publisher.reset(true)
    const { snapshots } = publisher.folders
    const before = await currentSnapshot(snapshots)
    const { exitCode, stdout, stderr } = await publisher.publish(refusing(number, fault))
    const refused = (await publisher.calls()).find(({ call }) => call === 'x')?.data.toString()
    const after = await currentSnapshot(snapshots)
    const isNew = after !== before && stdout.trim() === after
    const isNoted = (await activationHistory(snapshots)).at(-1)?.id === after
    counts.runs++
    if (refused !== undefined) counts.refusedCalls++
    if (refused === 'r') counts.refusedRenames++
    if (exitCode !== 0) counts.failedRuns++
    const found = {
      crashes: exitCode === null || /\n {4}at /.test(stderr) ? 1 : 0,
      untold: exitCode === 0 ? Number(!isNew || !isNoted) : Number(stderr.trim() === ''),
      unsound: await unsoundIn(snapshots),
      notResumed: 0,
    }
    const again = await publisher.publish()
    if (again.exitCode !== 0 || (await currentSnapshot(snapshots)) !== again.stdout.trim()) found.notResumed = 1
    for (const name of ['crashes', 'untold', 'unsound', 'notResumed'] as const) broken[name] += found[name]
    if (Object.values(found).some((count) => count > 0))
      run.say(`call ${number} (${calls[number]}), ${fault}: ${JSON.stringify(found)}: ${stderr}${again.stderr}`)
  }
  return { ...counts, ...broken }
}

/** Every call with each fault, or a share of them; among these always the renames. */
function chosen(run: FaultRun, calls: string[]): { number: number; fault: (typeof FAULTS)[number] }[] {
  const random = new Random(run.seed)
  return calls.flatMap((call, number) =>
    FAULTS.filter((fault) => fault !== 'short' || call === 'w')
      .filter((fault) => (call === 'r' && fault === 'EIO') || random.uniform() < run.scale)
      .map((fault) => ({ number, fault })),
  )
}

/** Snapshots that can be asked for and do not open, the current one among them. */
async function unsoundIn(store: string): Promise<number> {
  const current = await currentSnapshot(store)
  const ids = new Set([...(await snapshotIds(store)), ...(current === null ? [] : [current])])
  let unsound = 0
  for (const id of ids)
    await openSnapshot(snapshotFolder(store, id), { expectedId: id, reserveBytes: () => 0 }).catch((error) => {
      if (!(error instanceof OfferwrightError)) throw error
      unsound++
    })
  return unsound
}

async function cutAnywhere(run: FaultRun, publisher: Publisher) {
  await publisher.reset(false)
  const told: { id: string; at: bigint }[] = []
  for (let i = 0; i < 3; i++) {
    const { stdout } = await publisher.publish()
    told.push({ id: stdout.trim(), at: process.hrtime.bigint() })
  }
  const calls = await publisher.calls()
  const random = new Random(run.seed + 1)
  const places = Array.from({ length: repetitions(1000, run) }, () => 1 + random.below(calls.length - 1))
  const disk = new CutDisk(publisher.folders.snapshots)
  const left = join(publisher.folders.root, 'left')
  const counts = { cuts: 0, unsoundAfterCuts: 0, lost: 0 }
  let applied = 0
  for (const place of places.sort((a, b) => a - b)) {
    while (applied < place) disk.apply(calls[applied++])
    await disk.writeTo(left, random.below(2) === 0 ? random : null)
    const current = await currentSnapshot(left)
    const promised = told.filter(({ at }) => at < calls[place].at).length
    counts.cuts++
    counts.unsoundAfterCuts += await unsoundIn(left)
    if (told.findIndex(({ id }) => id === current) + 1 < promised) counts.lost++
    await rm(left, { recursive: true })
  }
  return counts
}
