/** The real server, in a process whose CPU time is its own. */
import { type RunningServer, startServer } from '../../server/server.ts'
import { answerParent } from './child.ts'
import { listener } from './listener-child.ts'

export interface ServerSetup {
  home: string
  workers: number
}

const running: RunningServer[] = []

answerParent(
  listener<ServerSetup>(async ({ home, workers }) => {
    const server = await startServer({ home, workers, port: 0, logLevel: 'warn' })
    running.push(server)
    return server.port
  }),
  async () => {
    for (const server of running) await server.close()
  },
)
