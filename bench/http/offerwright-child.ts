/** The real server, in a process whose CPU time is its own. */
import { type RunningServer, startServer } from '../../server/server.ts'
import { answerParent } from './child.ts'
import { listener } from './listener-child.ts'

export interface ServerSetup {
  home: string
  workers: number
  /** False: a snapshot that looks worse than the one before is not rolled back in the middle of a measurement. */
  isWatched?: boolean
}

/** The load is the bench's to choose: what admission refused would not be measured, and latency would look the better for it. */
const OBJECTIVE_MS = 10_000

const running: RunningServer[] = []

answerParent(
  listener<ServerSetup>(async ({ home, workers, isWatched = true }) => {
    const watch = isWatched ? {} : { watch: null }
    const server = await startServer({ home, workers, port: 0, logLevel: 'warn', objectiveMs: OBJECTIVE_MS, ...watch })
    running.push(server)
    return server.port
  }),
  async () => {
    for (const server of running) await server.close()
  },
)
