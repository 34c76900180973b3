/** The bare handler by itself, answering known texts, as the unit of a cost that is measured elsewhere. */
import type { BareSetup } from './bare-child.ts'
import { Generator } from './generator.ts'
import { Listener } from './listener.ts'
import { measure } from './measure.ts'

export interface BareLoad {
  path: string
  bodies: string[]
  answers: object[]
  connections: number
  /** Of each round. */
  seconds: number
}

/** Runs `use` beside a bare handler; each call of `cpuMicros` is a round of load, its result the CPU of one request. */
export async function withBareHandler<Result>(
  { path, bodies, answers, connections, seconds }: BareLoad,
  use: (cpuMicros: () => Promise<number>) => Promise<Result>,
): Promise<Result> {
  const bare = new Listener<BareSetup>(new URL('./bare-child.js', import.meta.url))
  const generator = new Generator()
  try {
    await bare.listen({ answers })
    const requests = { path, bodies }
    return await use(async () => {
      const round = await measure(bare, generator, requests, { connections, seconds, compareEvery: 0 })
      if (round.failed > 0) throw new Error(`${round.failed} of ${round.requests} requests to the bare handler failed`)
      return round.cpuMicrosPerRequest
    })
  } finally {
    await Promise.all([generator.stop(), bare.stop()])
  }
}
