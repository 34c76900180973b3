import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logRows } from '../support/log-text.ts'
import { portOf, start } from '../support/processes.ts'
import { CLI, call, copyShop, serveShop, type TrainedShop, trainShop } from '../support/trained-shop.ts'

let shop: TrainedShop

beforeAll(async () => {
  shop = await trainShop()
})
afterAll(() => shop.remove())

function serve(home: string, ...args: string[]) {
  return start(process.execPath, [CLI, 'serve', '--home', home, '--workers', '1', ...args])
}

test('SIGTERM: requests under way are answered, logs are written, exit code 0', async () => {
  const copy = await copyShop(shop)
  const server = serve(copy.folders.home, '--port', '0')
  const port = await portOf(server)
  const asked = Array.from({ length: 50 }, () => call(port, 'POST', '/v1/decide', { slots: 20 }))
  await Promise.race(asked)
  server.child.kill('SIGTERM')
  const answered = (await Promise.allSettled(asked)).filter(
    (answer) => answer.status === 'fulfilled' && answer.value.status === 200,
  )
  const { exitCode, stderr } = await server.ended
  expect(exitCode).toBe(0)
  expect(stderr).toContain('stopped')
  const rows = await logRows(copy.folders.log, 'decisions')
  expect(rows.length).toBe(answered.length)
  for (const row of rows) JSON.parse(row)
  await copy.remove()
})

test('without keys it says that it trusts this machine, and listens nowhere else', async () => {
  const server = serve(shop.folders.home, '--port', '0')
  await portOf(server)
  // As npm does, which passes on what the terminal has sent to both.
  server.child.kill('SIGINT')
  server.child.kill('SIGINT')
  const { exitCode, stderr } = await server.ended
  expect(exitCode).toBe(0)
  expect(stderr).toContain('no API keys: every caller on this machine is trusted')
  const refused = await serve(shop.folders.home, '--host', '0.0.0.0').ended
  expect(refused.exitCode).not.toBe(0)
  expect(refused.stderr).toMatch(/^error invalid_value: invalid host: 0\.0\.0\.0 .*\n$/)
})

test('a taken port, a bad port, a shop that is served, no snapshot, a home that cannot be written: one line each', async () => {
  const server = await serveShop(shop)
  const other = await copyShop(shop)
  const taken = await serve(other.folders.home, '--port', String(server.port)).ended
  const twice = await serve(shop.folders.home, '--port', '0').ended
  await server.close()
  await other.remove()
  const bad = await serve(shop.folders.home, '--port', '70000').ended
  const empty = join(shop.folders.home, 'empty')
  await mkdir(empty)
  const none = await serve(empty, '--port', '0').ended
  const file = join(shop.folders.snapshots, 'CURRENT')
  const notFolder = await serve(file, '--port', '0').ended
  const lines = [taken, twice, bad, none, notFolder].map(({ exitCode, stderr }) => {
    expect(exitCode).toBeGreaterThan(0)
    return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
  })
  expect(lines).toEqual([
    [expect.stringContaining(`cannot listen on 127.0.0.1:${server.port}`)],
    [expect.stringContaining(`process ${process.pid} writes the logs of ${shop.folders.log} already`)],
    [expect.stringContaining('invalid port: 70000')],
    [expect.stringContaining('offerwright publish')],
    [expect.stringContaining('home cannot be written')],
  ])
})

test('a snapshot that fails its check at the start is told by its section', async () => {
  const copy = await copyShop(shop)
  await rm(join(copy.folders.snapshots, shop.snapshots[1], 'prices.safetensors'))
  const { exitCode, stderr } = await serve(copy.folders.home, '--port', '0').ended
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('prices')
  await copy.remove()
})

test('API keys come from the environment, with their roles and trust', async () => {
  const args = [CLI, 'serve', '--home', shop.folders.home, '--port', '0', '--workers', '1']
  const env = { ...process.env, OFFERWRIGHT_API_KEYS: 'serve:first-key,admin:second-key:trusted' }
  const server = start(process.execPath, args, { env })
  const port = await portOf(server)
  expect((await call(port, 'POST', '/v1/decide', {})).status).toBe(401)
  expect((await call(port, 'POST', '/v1/decide', {}, { 'x-api-key': 'first-key' })).status).toBe(200)
  const timed = await call(port, 'POST', '/v1/decide', { time: 5 }, { 'x-api-key': 'second-key' })
  expect(timed.body.time).toBe(5)
  server.child.kill('SIGTERM')
  expect((await server.ended).exitCode).toBe(0)
})
