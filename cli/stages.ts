/**
 * Stages of `start`: each is a command of this program, run in a process of its own, so that what a stage needed in
 * memory is gone with it. A stage whose inputs have not changed since its last run is not run again.
 *
 *   key = SHA-256(key of the stage before, the command's arguments, the program's own files)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OfferwrightError } from '../core/contract/errors.ts'
import { CommandFailed, EXIT } from './faults.ts'
import type { ShopFolders } from './home.ts'

export interface Stage {
  name: string
  /** The command and its options, without the shop's. */
  args: string[]
  /** What has to be there afterwards. */
  output: string
}

/** Keys of the stages that were run, by name; absent where `start` made nothing yet. */
type Stamps = Record<string, string>

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
/** What of the program a stage's result depends on: compiled files, and SQL as it stands in the package. */
const PROGRAM = ['../assembly', '../core', '../training', '../../training/sql'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
)

export async function runStages(folders: ShopFolders, stages: Stage[], tell: (line: string) => void): Promise<void> {
  const stampFile = join(folders.root, 'start.json')
  const stamps = readStamps(stampFile)
  refuseForeignData(folders, stamps)
  let key = programKey()
  for (const [number, stage] of stages.entries()) {
    key = digest([key, ...stage.args])
    const title = `[${number + 1}/${stages.length}] ${stage.name}`
    if (stamps[stage.name] === key && existsSync(stage.output)) {
      tell(`${title}: nothing has changed`)
      continue
    }
    tell(`${title}: offerwright ${stage.args.join(' ')}`)
    await runCommand([...stage.args, '--home', folders.home, '--shop', folders.shop])
    stamps[stage.name] = key
    await writeStamps(stampFile, stamps)
  }
}

/** A shop that was not made here is somebody's own. */
function refuseForeignData({ data, source, shop, home }: ShopFolders, stamps: Stamps): void {
  if (Object.keys(stamps).length > 0 || (!existsSync(data) && !existsSync(source))) return
  throw new OfferwrightError(
    'conflict',
    `shop ${shop} in ${home} holds data that start did not make; pass another --shop or --home`,
    { field: 'shop', value: shop },
  )
}

function readStamps(file: string): Stamps {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stamps) : {}
}

async function writeStamps(file: string, stamps: Stamps): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(`${file}.tmp`, `${JSON.stringify(stamps, null, 2)}\n`)
  await rename(`${file}.tmp`, file)
}

function programKey(): string {
  const files = PROGRAM.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(js|wasm|sql)$/.test(name))
      .sort()
      .map((name) => join(folder, name)),
  )
  return digest(files.map((file) => readFileSync(file)))
}

function digest(parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex')
}

/** Its output is the user's to read; its own error line has said what went wrong. */
async function runCommand(args: string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
  const stop = passSignalsTo(child)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  stop()
  if (code !== 0) throw new CommandFailed(args[0], code ?? EXIT.failed)
}

function passSignalsTo(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  return () => {
    process.off('SIGINT', pass)
    process.off('SIGTERM', pass)
  }
}
