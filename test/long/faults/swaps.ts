import { expectedAnswers, SwapLoad } from '../../support/swap-load.ts'
import { serveShop, trainShop, until } from '../../support/trained-shop.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

/** The snapshot changes under load; every answer is compared with what its snapshot alone would answer. */
export const swaps: Fault = {
  name: 'swaps',
  about: '1,000 snapshots activated under load',
  never: ['failedRequests', 'mixedAnswers'],
  run: swapUnderLoad,
}

async function swapUnderLoad(run: FaultRun): Promise<Record<string, number>> {
  const shop = await trainShop()
  const server = await serveShop(shop, { workers: 2 })
  const load = new SwapLoad(server.port, await expectedAnswers(shop))
  const activations = repetitions(1000, run)
  for (let swap = 0; swap < activations; swap++) {
    const id = shop.snapshots[swap % 2]
    await server.call('POST', `/v1/snapshots/${id}/activate`, '')
    await until(
      async () => (await server.call('GET', '/readyz')).body.snapshot,
      (serving) => serving === id,
      30_000,
    )
    if (swap % 100 === 99) run.say(`${swap + 1} swaps`)
  }
  const { answers, failedRequests, mixedAnswers } = await load.stop()
  await server.close()
  await shop.remove()
  return { swaps: activations, answers, failedRequests, mixedAnswers }
}
