/** A trainer in Python: the documented script in an environment of its own, what it writes, and what NumPy ranks with it. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CLI, type TestServer, type TrainedShop } from './trained-shop.ts'

const ROOT = new URL('../../../', import.meta.url)
const REQUIREMENTS = new URL('docs/python/requirements.txt', ROOT)

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

export async function run(command: string, ...args: string[]): Promise<Ran> {
  try {
    return { code: 0, ...(await promisify(execFile)(command, args, { maxBuffer: 2 ** 26 })) }
  } catch (error) {
    const { code, stdout = '', stderr } = error as Partial<Ran> & Error
    return { code: typeof code === 'number' ? code : 1, stdout, stderr: stderr || String(error) }
  }
}

export interface PythonEnvironment {
  python: string
  remove(): Promise<void>
}

/** With the packages that the page names, less `without`; null, and a line that says why, where they cannot be had. */
export async function pythonEnvironment(without: string[] = []): Promise<PythonEnvironment | null> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-python-'))
  const python = join(folder, 'bin', 'python')
  const wanted = (await readFile(REQUIREMENTS, 'utf8')).trim().split('\n')
  const packages = wanted.filter((line) => !without.some((name) => line.startsWith(name)))
  const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary', 'numpy,safetensors,duckdb']
  const made = await run('python3', '-m', 'venv', folder)
  const ended = made.code === 0 ? await run(python, ...pip, ...packages) : made
  const remove = () => rm(folder, { recursive: true, force: true })
  if (ended.code === 0) return { python, remove }
  await remove()
  console.warn(`skipped: no Python with ${packages.join(', ')}: ${ended.stderr.trim().split('\n').at(-1)}`)
  return null
}

/** Runs the script on the shop's imported data; returns the folder of what it wrote. */
export async function trainInPython({ python }: PythonEnvironment, shop: TrainedShop, ...options: string[]) {
  const out = await mkdtemp(join(tmpdir(), 'offerwright-outside-'))
  await runScript(python, 'docs/python/train_neighbours.py', shop.folders.data, out, ...options)
  return out
}

const FILES = { similarity: 'similarity.safetensors', vectors: 'vectors.safetensors', index: 'items.hnsw' }
export type PythonSection = keyof typeof FILES

export function publishOutside({ folders }: TrainedShop, from: string, sections: PythonSection[]): Promise<Ran> {
  const named = sections.flatMap((name) => ['--section', `${name}=${join(from, FILES[name])}`])
  const report = ['--report', join(from, 'report.json')]
  return run(process.execPath, CLI, 'publish', '--home', folders.home, ...named, ...report)
}

interface RankedCase {
  request: object
  /** Keys, best first. */
  items: string[]
}

/** Requests of some of the shop's shoppers, known and anonymous, and what NumPy answers with the sections in `from`. */
export async function rankedByNumpy(
  { python }: PythonEnvironment,
  { folders }: TrainedShop,
  from: string,
): Promise<RankedCase[]> {
  return JSON.parse(await runScript(python, 'test/python/ranking.py', folders.data, from, '10'))
}

/** A copy of the sections in `from`, damaged as test/python/spoil.py says. */
export async function spoilt({ python }: PythonEnvironment, from: string, how: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-outside-'))
  await cp(from, folder, { recursive: true })
  await runScript(python, 'test/python/spoil.py', how, folder)
  return folder
}

async function runScript(python: string, script: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(python, fileURLToPath(new URL(script, ROOT)), ...args)
  if (code !== 0) throw new Error(stderr)
  return stdout
}

export async function servedFor(server: TestServer, cases: RankedCase[]): Promise<RankedCase[]> {
  const served: RankedCase[] = []
  for (const { request } of cases) {
    const { body } = await server.call('POST', '/v1/recommend', request)
    served.push({ request, items: body.items.map(({ item }: { item: string }) => item) })
  }
  return served
}
