/** Snapshots over HTTP: what is published and what was activated when, another one in place, and the way back. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { SnapshotId } from '../../core/contract/ids.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { activationHistory } from '../../core/snapshot/history.ts'
import { activateSnapshot, listSnapshots, rollBackSnapshot } from '../../core/snapshot/store.ts'

const RollBackRequest = Type.Object(
  { reason: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })) },
  { additionalProperties: false },
)
type RollBackRequest = Static<typeof RollBackRequest>
const rollBackSchema = Compile(RollBackRequest)

/** `serving`: what this server answers from, which follows the pointer a moment later. */
export async function answerSnapshots(store: string, serving: SnapshotId | null) {
  return { serving, snapshots: await listSnapshots(store), history: await activationHistory(store) }
}

/** Moves the pointer; the server follows it as it follows anybody's. `now`: milliseconds since 1970. */
export async function answerActivate(store: string, id: SnapshotId, now: number) {
  await activateSnapshot(store, id, { time: now, by: 'hand' })
  return { current: id }
}

/** Throws `unknown_snapshot` where nothing served before. An empty body gives no reason but who asked. */
export async function answerRollBack(store: string, text: string, caller: string, now: number) {
  const asked = parseAs<RollBackRequest>(rollBackSchema, parseJson(text === '' ? '{}' : text))
  const reason = asked.reason ?? `asked for by ${caller}`
  const moved = await rollBackSnapshot(store, { time: now, reason })
  return { current: moved?.to, rolledBack: moved?.from, reason }
}
