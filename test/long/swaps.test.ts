import { expect, test } from 'vitest'
import { expectedAnswers, SwapLoad } from '../support/swap-load.ts'
import { serveShop, trainShop, until } from '../support/trained-shop.ts'

test('100 swaps under load: no failed request, no answer that mixes two snapshots', async () => {
  const shop = await trainShop()
  const server = await serveShop(shop, { workers: 2 })
  const load = new SwapLoad(server.port, await expectedAnswers(shop))
  for (let swap = 0; swap < 100; swap++) {
    const id = shop.snapshots[swap % 2]
    await server.call('POST', `/v1/snapshots/${id}/activate`, '')
    await until(
      async () => (await server.call('GET', '/readyz')).body.snapshot,
      (serving) => serving === id,
      30_000,
    )
  }
  const { answers, failures } = await load.stop()
  expect(failures).toEqual([])
  expect(answers).toBeGreaterThan(10_000)
  await server.close()
  await shop.remove()
})
