import { REQUIRED_SECTIONS } from '../../../core/snapshot/layout.ts'
import { damageInChildren, signedTinySnapshot } from './damage-snapshots.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const FULL = 1_000_000
const SAY_EVERY = 50_000

/** Bytes of a signed snapshot are flipped, cut off, overwritten, added and swapped within and between its files. */
export const snapshotMutations: Fault = {
  name: 'snapshot-mutations',
  about: '1,000,000 mutations of snapshot bytes: none is accepted and nothing crashes',
  never: ['wrongRecords', 'otherErrors', 'nativeLoads', 'crashes'],
  run: mutateSnapshot,
}

export async function mutateSnapshot(run: FaultRun): Promise<Record<string, number>> {
  const mutations = repetitions(FULL, run)
  const { folder, id, publicKey, remove } = await signedTinySnapshot(REQUIRED_SECTIONS)
  const task = { folder, id, publicKey, damage: 'any' as const, seed: run.seed }
  const { wrongAccepted, ...counts } = await damageInChildren(task, mutations, (done) => {
    if (done % SAY_EVERY === 0) run.say(`${done} mutations`)
  })
  await remove()
  return { mutations, ...counts, wrongRecords: wrongAccepted }
}
