/** Several listening threads, in a process whose CPU time is its own. */
import { answerParent } from '../http/child.ts'
import { listener } from '../http/listener-child.ts'
import type { ServerSetup } from '../http/offerwright-child.ts'
import { Listeners } from './listeners.ts'

const running: Listeners[] = []

answerParent(
  listener<ServerSetup>(
    async ({ home, workers }) => {
      const listeners = await Listeners.start(home, workers)
      running.push(listeners)
      return listeners.port
    },
    () => running.flatMap(({ answered }) => [...answered]),
  ),
  async () => {
    for (const listeners of running) await listeners.close()
  },
)
