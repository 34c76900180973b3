/** A small shop through the whole pipeline, by the commands a merchant runs, and a server on it. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ShopFolders, shopFolders } from '../../cli/home.ts'
import { DISK, type Files } from '../../core/store/files/files.ts'
import type { ServerConfig } from '../../server/config.ts'
import { type RunningServer, startServer } from '../../server/server.ts'

export const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

export interface TrainedShop {
  folders: ShopFolders
  /** Two snapshots of the same data that answer differently; the second one is current. */
  snapshots: [string, string]
  remove(): Promise<void>
}

export async function trainShop(items = 300, events = 8000): Promise<TrainedShop> {
  const home = await mkdtemp(join(tmpdir(), 'offerwright-'))
  const folders = shopFolders({ home, shop: 'default' })
  const run = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [CLI, ...args, '--home', home])).stdout.trim()
  await run('demo', '--items', `${items}`, '--shoppers', '400', '--events', `${events}`)
  await run('import')
  await run('train')
  const first = await publish(run, folders)
  await run('train', '--stage', 'popularity', '--half-life-days', '2')
  await run('train', '--stage', 'similarity', '--neighbours', '5')
  const second = await publish(run, folders)
  return { folders, snapshots: [first, second], remove: () => rm(home, { recursive: true, force: true }) }
}

async function publish(run: (command: string) => Promise<string>, { snapshots }: ShopFolders): Promise<string> {
  await run('publish')
  return (await readFile(join(snapshots, 'CURRENT'), 'utf8')).trim()
}

/** A copy with its own logs, campaigns and pointer, for a test that changes them. */
export async function copyShop({ folders, snapshots }: TrainedShop): Promise<TrainedShop> {
  const home = await mkdtemp(join(tmpdir(), 'offerwright-'))
  const copy = shopFolders({ home, shop: 'default' })
  await cp(folders.snapshots, copy.snapshots, { recursive: true })
  await cp(folders.campaigns, copy.campaigns)
  return { folders: copy, snapshots, remove: () => rm(home, { recursive: true, force: true }) }
}

export interface TestServer extends RunningServer {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
}

export interface Answered {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every route
  body: any
}

/**
 * `files`: what of the disk its logs use. Unless a test asks for the watch, no snapshot is left because the machine was busy for a
 * moment.
 */
export async function serveShop(
  { folders }: TrainedShop,
  config: Partial<ServerConfig> = {},
  files: Files = DISK,
): Promise<TestServer> {
  const { home, shop } = folders
  const defaults = { port: 0, workers: 1, logLevel: 'silent', watch: null } as const
  const server = await startServer({ home, shop, ...defaults, ...config }, files)
  return {
    port: server.port,
    close: () => server.close(),
    call: (method, path, body, headers) => call(server.port, method, path, body, headers),
  }
}

/** A string goes out as it is, anything else as JSON. */
export async function call(
  port: number,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: text as string | undefined })
  const answer = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, text: answer, body: isJson ? JSON.parse(answer) : null }
}

/** Asks until the answer is as wanted; fails with the last one when `withinMs` is over. */
export async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean, withinMs: number): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(answer)}`)
    await setImmediate()
  }
}
