import { expect, test } from 'vitest'
import { fuzz } from '../support/request-fuzz.ts'
import { serveShop, trainShop } from '../support/trained-shop.ts'

test('whatever the body, the answer is a result or a refusal with a code', async () => {
  const shop = await trainShop()
  const server = await serveShop(shop)
  expect(await fuzz(server, 3000, 1)).toEqual([])
  expect(Object.hasOwn(Object.prototype, 'slots')).toBe(false)
  expect((await server.call('POST', '/v1/decide', { slots: 1 })).status).toBe(200)
  await server.close()
  await shop.remove()
})
