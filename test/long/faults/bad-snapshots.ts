import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Random } from '../../../bench/random.ts'
import { serveShop, type TestServer, type TrainedShop, trainShop, until } from '../../support/trained-shop.ts'
import { type Files, flipped, truncated } from './damage.ts'
import { damageInChildren, signedTinySnapshot } from './damage-snapshots.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const FLIPS = 10_000
const TRUNCATIONS = 1000

/**
 * Every file of a snapshot is damaged, one byte or its end at a time, and opened; then a server is pointed at snapshots with each
 * section damaged while it answers.
 */
export const badSnapshots: Fault = {
  name: 'bad-snapshots',
  about: '10,000 byte flips and 1,000 truncations of each file of a snapshot: all are refused',
  never: ['accepted', 'otherErrors', 'nativeLoads', 'crashes', 'failedRequests', 'served'],
  run: async (run) => ({ ...(await openDamaged(run)), ...(await serveDamaged(run)) }),
}

/** `nativeLoads`: times that a library in native code was there to read what was damaged. */
export async function openDamaged(run: FaultRun): Promise<Record<string, number>> {
  const { folder, id, publicKey, files, remove } = await signedTinySnapshot()
  const task = { folder, id, publicKey, seed: run.seed }
  const [flips, truncations] = [FLIPS, TRUNCATIONS].map((full) => files.length * repetitions(full, run))
  const flipping = await damageInChildren({ ...task, damage: 'flip' }, flips, (done) => {
    if (done % 50_000 === 0) run.say(`${done} flips`)
  })
  const truncating = await damageInChildren({ ...task, damage: 'truncate' }, truncations)
  await remove()
  const sum = (name: keyof typeof flipping) => flipping[name] + truncating[name]
  return {
    files: files.length,
    flips,
    truncations,
    refused: sum('refused'),
    unchanged: sum('unchanged'),
    accepted: sum('wrongAccepted'),
    otherErrors: sum('otherErrors'),
    nativeLoads: sum('nativeLoads'),
    crashes: sum('crashes'),
  }
}

async function serveDamaged(run: FaultRun): Promise<Record<string, number>> {
  const shop = await trainShop()
  const server = await serveShop(shop)
  const counts = { swapsRefused: 0, failedRequests: 0, served: 0 }
  const random = new Random(run.seed)
  const folder = join(shop.folders.snapshots, shop.snapshots[0])
  const { sections } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')).segments[0]
  for (const { file } of sections as { file: string }[]) {
    const sound = await readFile(join(folder, file))
    const files: Files = new Map([[file, sound]])
    for (const spoilt of [flipped(files, file, random), truncated(files, file, random)]) {
      await writeFile(join(folder, file), spoilt.get(file) ?? '')
      await offerDamaged(server, shop, counts)
      await writeFile(join(folder, file), sound)
    }
  }
  await server.close()
  await shop.remove()
  return counts
}

/** The server is told to take the damaged snapshot, refuses it, and answers from the sound one before and after. */
async function offerDamaged(
  server: TestServer,
  { snapshots: [damaged, sound] }: TrainedShop,
  counts: { swapsRefused: number; failedRequests: number; served: number },
): Promise<void> {
  const refused = async () =>
    Number(/snapshots_refused_total\{[^}]*\} (\d+)/.exec((await server.call('GET', '/metrics')).text)?.[1])
  const before = await refused()
  await server.call('POST', `/v1/snapshots/${damaged}/activate`, '')
  const after = await until(
    async () => {
      const { status, body } = await server.call('POST', '/v1/decide', {})
      if (status !== 200) counts.failedRequests++
      else if (body.snapshot !== sound) counts.served++
      return refused()
    },
    (now) => now > before,
    30_000,
  )
  counts.swapsRefused += after - before
}
