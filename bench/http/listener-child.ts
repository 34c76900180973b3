/** Questions to both kinds of measured server, so that the same parent starts and reads them. */
import { type GcPauses, readPauses } from './gc-probe.ts'

export type ListenerQuestion<Setup> = { listen: Setup } | { cpu: true }

export interface ListenerAnswer {
  port: number
  /** CPU time of the whole process so far, all threads. */
  cpuMicros: number
  rssBytes: number
  gc: GcPauses
  /** Requests that each of its listening threads answered; empty: it does not count them. */
  answered: number[]
}

/** Answers `listen` by what `start` brings up, `cpu` by the same port again. */
export function listener<Setup>(
  start: (setup: Setup) => Promise<number>,
  answered: () => number[] = () => [],
): (question: ListenerQuestion<Setup>) => Promise<ListenerAnswer> {
  let port = 0
  return async (question) => {
    if ('listen' in question) port = await start(question.listen)
    const { user, system } = process.cpuUsage()
    const rssBytes = process.memoryUsage.rss()
    return { port, cpuMicros: user + system, rssBytes, gc: readPauses(), answered: answered() }
  }
}
