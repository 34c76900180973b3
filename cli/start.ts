/**
 * `offerwright start`: from nothing to a decision. Makes a demo shop, imports it, trains, publishes and serves it, each
 * by the command that a shop's own data takes too.
 */
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import { type HomeOptions, type ShopFolders, shopFolders, withHome } from './home.ts'
import { wholeNumber } from './number-options.ts'
import { runStages, type Stage } from './stages.ts'

interface StartOptions extends HomeOptions {
  port: number
  serve: boolean
  items?: number
  shoppers?: number
  events?: number
  seed?: number
}

const HOST = '127.0.0.1'

export function startCommand(): Command {
  return withHome(new Command('start'))
    .description('make a demo shop, train on it and serve it; what an earlier start made is used again')
    .option('--port <n>', 'port to serve on; 0 takes any', wholeNumber, 8080)
    .option('--no-serve', 'stop when the snapshot is published')
    .option('--items <n>', 'items of the demo shop', wholeNumber)
    .option('--shoppers <n>', 'its shoppers', wholeNumber)
    .option('--events <n>', 'its events, about as many', wholeNumber)
    .option('--seed <n>', 'its seed', wholeNumber)
    .addHelpText('after', '\nExample:\n  $ offerwright start --port 9000 --items 2000 --shoppers 5000 --events 100000')
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  const folders = shopFolders(options)
  await refuseUnwritable(folders.root)
  if (options.serve) await refuseTakenPort(options.port)
  await runStages(folders, stagesOf(folders, options), tell)
  if (options.serve) await serve(folders, options.port)
}

function stagesOf({ source, data, sections, snapshots }: ShopFolders, options: StartOptions): Stage[] {
  const size = (['items', 'shoppers', 'events', 'seed'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name}`, String(options[name])],
  )
  return [
    { name: 'make the shop', args: ['demo', ...size], output: join(source, 'mapping.json') },
    { name: 'read its files', args: ['import'], output: join(data, 'dataset.json') },
    { name: 'learn from them', args: ['train'], output: sections },
    { name: 'publish', args: ['publish'], output: join(snapshots, 'CURRENT') },
  ]
}

async function serve(folders: ShopFolders, wantedPort: number): Promise<void> {
  const { firstRequest } = await import('./first-request.ts')
  const { stopOnSignal } = await import('./serve.ts')
  const { startServer } = await import('../server/server.ts')
  const request = await firstRequest(folders)
  const { home, shop } = folders
  const server = await startServer({ home, shop, host: HOST, port: wantedPort, logLevel: 'warn' })
  stopOnSignal(server)
  tell(`\nServing on http://${HOST}:${server.port} until Ctrl-C. Try it:\n\n  ${curlLine(server.port, request)}\n`)
}

async function refuseUnwritable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK)
}

/** Told before the work and not after it. */
async function refuseTakenPort(port: number): Promise<void> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen({ port, host: HOST, exclusive: true }, () => probe.close(() => resolve()))
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new OfferwrightError('environment', `port ${port} is taken; pass another with --port`, {
      field: 'port',
      value: port,
    })
  })
}

function curlLine(port: number, request: object): string {
  const body = JSON.stringify(request).replaceAll("'", "'\\''")
  return `curl -s http://${HOST}:${port}/v1/decide -H 'content-type: application/json' -d '${body}'`
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
