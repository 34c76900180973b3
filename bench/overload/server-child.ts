/** The real server on a core of its own. */
import { type RunningServer, startServer } from '../../server/server.ts'
import { answerParent } from '../http/child.ts'
import { listener } from '../http/listener-child.ts'
import { pinTo } from './pin.ts'

export interface PinnedSetup {
  home: string
  core: number
  workers: number
  objectiveMs: number
}

const running: RunningServer[] = []

answerParent(
  listener<PinnedSetup>(async ({ home, core, workers, objectiveMs }) => {
    pinTo(core)
    const server = await startServer({ home, workers, port: 0, logLevel: 'warn', objectiveMs })
    running.push(server)
    return server.port
  }),
  async () => {
    for (const server of running) await server.close()
  },
)
