/**
 * Which snapshot was activated when, by whom and why: `ACTIVATIONS.ndjson` in the store, a line for each, only ever appended.
 *
 * A line is written and synced before `CURRENT` moves, in one write that processes do not interleave. So the last line may tell
 * of a move that a crash kept from happening; what serves is what `CURRENT` says. A crash may also leave the start of a line:
 * the next writer begins a new one, and a reader passes over what is no whole line.
 */
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { SnapshotId } from '../contract/ids.ts'
import { syncFolder } from './files.ts'

export const HISTORY_FILE = 'ACTIVATIONS.ndjson'

/** `publish`: a new one took over; `hand`: somebody chose it; `roll-back`: the one before it returned, by hand or by itself. */
export const ACTIVATED_BY = ['publish', 'hand', 'roll-back'] as const

const Id = Type.String({ pattern: '^[0-9a-f]{64}$' })

const Activation = Type.Object({
  v: Type.Literal(1),
  /** Milliseconds since 1970. */
  time: Type.Integer({ minimum: 0 }),
  id: Id,
  /** What was current before; null: nothing was. */
  from: Type.Union([Id, Type.Null()]),
  by: Type.Enum(ACTIVATED_BY),
  /** Of a roll-back: what was wrong with `from`. */
  reason: Type.Optional(Type.String()),
})
export type Activation = Static<typeof Activation>
const activationCheck = Compile(Activation)

/** Oldest first; empty where nothing was ever activated. */
export async function activationHistory(store: string): Promise<Activation[]> {
  const text = await readFile(join(store, HISTORY_FILE), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => wholeLine(line) ?? [])
}

function wholeLine(line: string): Activation | null {
  try {
    const value: unknown = JSON.parse(line)
    return activationCheck.Check(value) ? value : null
  } catch {
    return null
  }
}

/** Durable when it resolves. */
export async function noteActivation(store: string, activation: Activation): Promise<void> {
  const file = await open(join(store, HISTORY_FILE), 'a+')
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await file.read(last, 0, 1, size - 1)
    const isCut = size > 0 && last.toString() !== '\n'
    await file.write(`${isCut ? '\n' : ''}${JSON.stringify(activation)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(store)
}

/** Why a snapshot was rolled back, unless it was activated since. */
export function refusalOf(history: Activation[], id: SnapshotId): string | null {
  const left = history.findLast((activation) => activation.id === id || isLeft(activation, id))
  return left !== undefined && isLeft(left, id) ? (left.reason ?? 'rolled back by hand') : null
}

function isLeft({ from, by }: Activation, id: SnapshotId): boolean {
  return by === 'roll-back' && from === id
}

/**
 * What was current before `id`, nearest first, each once: the one that `id` took over from, the one that that took over from,
 * and so on. What was rolled back from since, and `id` itself, is not among them.
 */
export function ancestorsOf(history: Activation[], id: SnapshotId): SnapshotId[] {
  const ancestors: SnapshotId[] = []
  const seen = new Set([id])
  let before = history.length
  for (let child: SnapshotId | null = id; child !== null; ) {
    const at: number = history.findLastIndex((row, i) => i < before && row.id === child && row.by !== 'roll-back')
    if (at < 0) break
    before = at
    child = history[at].from
    if (child === null || seen.has(child)) continue
    seen.add(child)
    if (refusalOf(history, child) === null) ancestors.push(child)
  }
  return ancestors
}
