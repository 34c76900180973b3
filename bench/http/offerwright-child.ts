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

const running: RunningServer[] = []

answerParent(
  listener<ServerSetup>(async ({ home, workers, isWatched = true }) => {
    const watch = isWatched ? {} : { watch: null }
    const server = await startServer({ home, workers, port: 0, logLevel: 'warn', ...watch })
    running.push(server)
    return server.port
  }),
  async () => {
    for (const server of running) await server.close()
  },
)
