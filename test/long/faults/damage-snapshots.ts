/** A signed snapshot of a few items, and a child process that damages and opens it; a new one takes over where one dies. */
import { fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SECTIONS } from '../../../core/snapshot/layout.ts'
import { publishSnapshot } from '../../../core/snapshot/write.ts'
import { tinyPublication } from '../../snapshot/tiny-shop.ts'
import type { DamageCounts, DamageReport, DamageTask } from './damaged-snapshot-child.ts'

const CHILD = new URL('./damaged-snapshot-child.js', import.meta.url)

export interface TinySnapshot {
  folder: string
  id: string
  publicKey: string
  /** Names of its files. */
  files: string[]
  remove(): Promise<void>
}

/** `names`: its sections; fewer are opened sooner. */
export async function signedTinySnapshot(names: readonly string[] = SECTIONS): Promise<TinySnapshot> {
  const key = generateKeyPairSync('ed25519')
  const every = await tinyPublication()
  const publication = { ...every, sections: every.sections.filter(({ name }) => names.includes(name)) }
  const id = await publishSnapshot({ ...publication, signingKey: key.privateKey })
  const folder = join(publication.store, id)
  const publicKey = key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const remove = () => rm(dirname(publication.store), { recursive: true })
  return { folder, id, publicKey, files: await readdir(folder), remove }
}

type Progress = (done: number) => void

/** What all children counted together, and how many of them died. */
export async function damageInChildren(
  task: Omit<DamageTask, 'from' | 'until'>,
  repetitions: number,
  onProgress: Progress = () => undefined,
): Promise<DamageCounts & { crashes: number }> {
  const total = { refused: 0, unchanged: 0, wrongAccepted: 0, otherErrors: 0, nativeLoads: 0, crashes: 0 }
  for (let next = 0; next < repetitions; ) {
    const from = next
    const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.on('message', ({ next: reached, counts }: DamageReport) => {
      next = reached
      for (const name of Object.keys(counts) as (keyof DamageCounts)[]) total[name] += counts[name]
      onProgress(reached)
    })
    child.send({ ...task, from, until: repetitions } satisfies DamageTask)
    const [code] = await once(child, 'exit')
    if (code === 0) continue
    total.crashes++
    // What it had not told of is passed over, so that the same crash is not met for ever.
    next += 1
  }
  return total
}
