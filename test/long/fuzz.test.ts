import { expect, test } from 'vitest'
import { fuzz } from '../support/request-fuzz.ts'
import { serveShop, trainShop } from '../support/trained-shop.ts'

test('200,000 hostile bodies: no crash, no 5xx', async () => {
  const shop = await trainShop()
  const server = await serveShop(shop, { workers: 2 })
  expect(await fuzz(server, 200_000, 1000)).toEqual([])
  await server.close()
  await shop.remove()
})
