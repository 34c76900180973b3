/**
 * Who was erased, and up to when: `erased.ndjson` beside the logs. It names nobody: a shopper stands in it as
 *
 *   hash = SHA-256(secret ‖ ":" ‖ key), in hex      secret: 32 random bytes of this shop in hex, in `erased.secret`
 *
 * so whoever meets a key in a file can tell whether its rows must go, and whoever reads the list alone cannot tell of whom it is.
 * Rows of an erased shopper go where the server took them at the time of the erasure or before; who comes back begins anew.
 */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../contract/errors.ts'

const LIST_FILE = 'erased.ndjson'
const SECRET_FILE = 'erased.secret'
const SECRET_BYTES = 32
const OWNER_ONLY = 0o600

const Erasure = Type.Object({
  v: Type.Literal(1),
  hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** Milliseconds since 1970. */
  time: Type.Integer({ minimum: 0 }),
})
type Erasure = Static<typeof Erasure>
const erasureCheck = Compile(Erasure)

/** Who did something, and when, as far as a row tells. Times in milliseconds since 1970. */
export interface RowOfShopper {
  shopper?: string
  time: number
  receivedAt?: number
  request?: { shopper?: string }
}

export class Erasures {
  readonly #folder: string
  readonly #times = new Map<string, number>()
  #secret: string | null

  private constructor(folder: string, secret: string | null) {
    this.#folder = folder
    this.#secret = secret
  }

  /** Throws `invalid_data` where the list is damaged: rows of somebody it named might come back. */
  static read(folder: string): Erasures {
    const secret = existsSync(join(folder, SECRET_FILE))
      ? readFileSync(join(folder, SECRET_FILE), 'latin1').trim()
      : null
    const erasures = new Erasures(folder, secret)
    const file = join(folder, LIST_FILE)
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    // What stands after the last line feed was never acknowledged.
    for (const line of lines.slice(0, -1)) erasures.#note(erasureOf(line, file))
    if (erasures.isEmpty || secret !== null) return erasures
    throw new OfferwrightError('invalid_data', `${file} cannot be used without ${SECRET_FILE}`, { field: 'erased' })
  }

  get isEmpty(): boolean {
    return this.#times.size === 0
  }

  /** What hashes are made with: a hash is that of this and the key. Null where nobody was erased. */
  get prefix(): string | null {
    return this.#secret === null ? null : `${this.#secret}:`
  }

  /** By hash, the time of the erasure. */
  get all(): ReadonlyMap<string, number> {
    return this.#times
  }

  /** Durable when it returns. `time`: milliseconds since 1970. */
  add(key: string, time: number): void {
    this.#secret ??= makeSecret(join(this.#folder, SECRET_FILE))
    const erasure: Erasure = { v: 1, hash: this.#hashOf(key), time }
    const file = join(this.#folder, LIST_FILE)
    // A line that a crash cut off was never acknowledged; the new one does not go on with it.
    if (existsSync(file)) truncateSync(file, readFileSync(file).lastIndexOf('\n') + 1)
    writeSynced(file, 'a', `${JSON.stringify(erasure)}\n`)
    syncFolder(this.#folder)
    this.#note(erasure)
  }

  /** Whether what a shopper did at a time must go. */
  has(key: string, time: number): boolean {
    if (this.isEmpty) return false
    const erasedAt = this.#times.get(this.#hashOf(key))
    return erasedAt !== undefined && time <= erasedAt
  }

  hasRow({ shopper, time, receivedAt, request }: RowOfShopper): boolean {
    const key = shopper ?? request?.shopper
    return key !== undefined && this.has(key, receivedAt ?? time)
  }

  #note({ hash, time }: Erasure): void {
    this.#times.set(hash, Math.max(time, this.#times.get(hash) ?? 0))
  }

  #hashOf(key: string): string {
    return createHash('sha256').update(`${this.prefix}${key}`).digest('hex')
  }
}

function erasureOf(line: string, file: string): Erasure {
  try {
    const value: unknown = JSON.parse(line)
    if (erasureCheck.Check(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new OfferwrightError('invalid_data', `${file} holds what is no erasure`, { field: 'erased', value: line })
}

function makeSecret(file: string): string {
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  writeSynced(file, 'wx', `${secret}\n`)
  return secret
}

function writeSynced(path: string, flag: 'a' | 'wx', text: string): void {
  const file = openSync(path, flag, OWNER_ONLY)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
