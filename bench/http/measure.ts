/** One round of load at one measured server, and what it cost that server. */
import type { Child } from './child.ts'
import type { Listener } from './listener.ts'
import type { LoadAnswer, LoadQuestion } from './load-child.ts'

export interface Round extends LoadAnswer {
  cpuMicrosPerRequest: number
}

export async function measure<Setup>(
  listener: Listener<Setup>,
  generator: Child<LoadQuestion, LoadAnswer>,
  load: Omit<LoadQuestion, 'port'>,
): Promise<Round> {
  const before = await listener.cpuMicros()
  const loaded = await generator.ask({ ...load, port: listener.port })
  const after = await listener.cpuMicros()
  return { ...loaded, cpuMicrosPerRequest: (after - before) / loaded.requests }
}
