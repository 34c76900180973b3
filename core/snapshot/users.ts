/**
 * Who uses which snapshots: each server keeps a file `users/<name>.json` in the store with the ids it holds, and writes it
 * again while it lives. Whoever deletes snapshots keeps those.
 *
 * A file counts until its server removes it, until its process is gone from this very machine, or until it was not written
 * for `STALE_MS`. That age is counted on the store's own clock, so machines need not agree on the time.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'

/** A server that has not shown itself for so long has been stopped together with its machine. */
const STALE_MS = 600_000
/** How often a server shows itself. */
export const RENEW_MS = 30_000

const Holding = Type.Object({
  v: Type.Literal(1),
  host: Type.String(),
  pid: Type.Integer({ minimum: 1 }),
  snapshots: Type.Array(Type.String()),
})
type Holding = Static<typeof Holding>
const holdingCheck = Compile(Holding)

export class SnapshotUser {
  readonly #store: string
  readonly #file: string
  #held: SnapshotId[] = []

  constructor(store: string) {
    this.#store = store
    this.#file = join(folderOf(store), `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}.json`)
  }

  /** From when this resolves, nobody deletes these snapshots, and anybody may those held before. */
  async hold(ids: Iterable<SnapshotId>): Promise<void> {
    const wanted = [...new Set(ids)].sort()
    if (wanted.join() === this.#held.join()) return
    this.#held = wanted
    await this.renew()
  }

  /** To be called every `RENEW_MS`. */
  async renew(): Promise<void> {
    if (this.#held.length === 0) return
    const holding: Holding = { v: 1, host: hostname(), pid: process.pid, snapshots: this.#held }
    await mkdir(folderOf(this.#store), { recursive: true })
    // Whole or not at all for who reads it; it need not outlive a power cut, which the server does not either.
    const beside = `${this.#file}.tmp`
    await writeFile(beside, `${JSON.stringify(holding)}\n`)
    await rename(beside, this.#file)
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true })
  }
}

/**
 * By snapshot, who holds it: `host:process`. Files of servers that are gone are removed. Throws `environment` for one that this
 * version cannot read: what its server uses is not known.
 */
export async function usersOf(store: string): Promise<Map<SnapshotId, string[]>> {
  const users = new Map<SnapshotId, string[]>()
  const names = await namesOf(store)
  const now = names.length > 0 ? await clockOf(store) : 0
  for (const name of names) {
    const holding = await livingHolding(join(folderOf(store), name), now)
    for (const id of holding?.snapshots ?? [])
      users.set(id, [...(users.get(id) ?? []), `${holding?.host}:${holding?.pid}`])
  }
  return users
}

async function namesOf(store: string): Promise<string[]> {
  const names = await readdir(folderOf(store)).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.endsWith('.json'))
}

async function livingHolding(file: string, now: number): Promise<Holding | null> {
  try {
    const isStale = now - (await stat(file)).mtimeMs > STALE_MS
    const holding = isStale ? null : holdingOf(file, await readFile(file, 'utf8'))
    if (holding !== null && !isDead(holding)) return holding
    await rm(file, { force: true })
    return null
  } catch (error) {
    // Its server removed it a moment ago.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function holdingOf(file: string, text: string): Holding {
  try {
    const value: unknown = JSON.parse(text)
    if (holdingCheck.Check(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new OfferwrightError('environment', `${file} does not tell which snapshots a server uses`, {
    field: 'users',
    value: text,
  })
}

function isDead({ host, pid }: Holding): boolean {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Now, as the file system that holds the store tells it. */
async function clockOf(store: string): Promise<number> {
  const file = join(folderOf(store), `clock-${randomBytes(6).toString('hex')}`)
  const handle = await open(file, 'wx')
  try {
    return (await handle.stat()).mtimeMs
  } finally {
    await handle.close()
    await rm(file, { force: true })
  }
}

function folderOf(store: string): string {
  return join(store, 'users')
}
