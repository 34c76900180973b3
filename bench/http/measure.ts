/** One stretch of load at one measured server, and what it cost that server. */
import type { Generator } from './generator.ts'
import type { Listener } from './listener.ts'
import type { LoadAnswer, LoadRequests, LoadShape } from './load-child.ts'

export interface Round extends LoadAnswer {
  cpuMicrosPerRequest: number
  rssBytes: number
  /** Pauses of the garbage collectors of all threads: the longest, and their share of the time of one thread. */
  gcLongestMs: number
  gcShare: number
}

export async function measure<Setup>(
  listener: Listener<Setup>,
  generator: Generator,
  requests: LoadRequests,
  shape: Omit<LoadShape, 'port'>,
): Promise<Round> {
  const before = await listener.usage()
  const loaded = await generator.run(requests, { ...shape, port: listener.port })
  const after = await listener.usage()
  return {
    ...loaded,
    cpuMicrosPerRequest: (after.cpuMicros - before.cpuMicros) / loaded.requests,
    rssBytes: after.rssBytes,
    gcLongestMs: after.gc.longestMs,
    gcShare: (after.gc.totalMs - before.gc.totalMs) / (1000 * shape.seconds),
  }
}
