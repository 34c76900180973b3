import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Which rooms a room may import. `core` stands for every room of core. */
const LAW: Record<string, string[]> = {
  assembly: [],
  'core/contract': [],
  'core/native': ['core/contract'],
  'core/snapshot': ['core/contract'],
  'core/store': ['core/contract'],
  'core/evaluation': ['core/contract'],
  'core/scoring': ['core/contract', 'core/snapshot', 'core/native'],
  training: ['core'],
  server: ['core'],
  client: ['core/contract'],
  console: ['client', 'core/contract'],
  cli: ['core', 'training', 'server'],
  bench: ['core', 'training', 'server', 'client', 'cli'],
}

/** The one room or file that may import a library with native code. */
const NATIVE_IMPORTERS: Record<string, string> = {
  'hnswlib-node': 'core/native/ann.ts',
  piscina: 'core/native/pool.ts',
  'better-sqlite3': 'core/store/ledger/database.ts',
  '@node-rs/crc32': 'core/store/log/crc32c.ts',
  '@duckdb/node-api': 'training/duckdb.ts',
  'uwebsockets-node18': 'core/native/uws.ts',
  'uwebsockets-node22': 'core/native/uws.ts',
}

/** Files that own state of a module's lifetime, each with the reason it does. */
const STATE_OWNERS: Record<string, string> = {
  'core/native/threads.ts': 'how many calls of addons its thread is within',
}

const CLOCK_AND_CHANCE = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\bprocess\./
const ROUNDS = /\bMath\.round\(/

interface Source {
  file: string
  room: string
  text: string
  imports: string[]
}

const sources = Object.keys(LAW).flatMap(sourcesOf)

function sourcesOf(room: string): Source[] {
  const folder = join(ROOT, room)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => {
      const file = posix.join(room, name.replaceAll('\\', '/'))
      const text = readFileSync(join(ROOT, file), 'utf8')
      return { file, room, text, imports: importsOf(text) }
    })
}

/** Static, type-only and dynamic imports; every specifier as it is written. */
function importsOf(text: string): string[] {
  const forms = [
    /^(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'/gm,
    /^import\s+'([^']+)'/gm,
    /\bimport\(\s*'([^']+)'/g,
    /\brequire\(\s*'([^']+)'/g,
  ]
  return forms.flatMap((form) => matchesOf(text, form))
}

/** Files that a thread or a process is started with. */
function startsOf(text: string): string[] {
  return matchesOf(text, /new URL\(\s*'([^']+\.[jt]s)',\s*import\.meta\.url/g)
}

function matchesOf(text: string, form: RegExp): string[] {
  return [...text.matchAll(form)].map((match) => match[1])
}

function withoutTypeImports(text: string): string {
  return text.replace(/^(import|export) type\b[^;]*?\bfrom\s+'[^']+'/gm, '')
}

/** The project's file a relative import means; null for a library. */
function target(source: Source, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null
  return posix.normalize(posix.join(posix.dirname(source.file), specifier)).replace(/\.js$/, '.ts')
}

function roomOf(file: string): string {
  return Object.keys(LAW).find((room) => file.startsWith(`${room}/`)) ?? dirname(file)
}

/** `@scope/name/path` → `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function offenders(inRooms: string[], pattern: RegExp, except: string[] = []): string[] {
  return sources
    .filter(({ room, file }) => inRooms.includes(room) && !except.includes(file))
    .flatMap(({ file, text }) =>
      code(text)
        .split('\n')
        .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
    )
}

/** The text with comments blanked, lines kept. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '))
}

describe('imports', () => {
  it('go only where the law of the rooms lets them', () => {
    const broken = sources.flatMap((source) => {
      const allowed = LAW[source.room] as string[]
      return [...source.imports, ...startsOf(source.text)]
        .map((specifier) => target(source, specifier))
        .filter((file) => file !== null)
        .filter((file) => {
          const room = roomOf(file)
          return room !== source.room && !allowed.includes(room) && !allowed.includes(room.split('/')[0] as string)
        })
        .map((file) => `${source.file} imports ${file}`)
    })
    expect(broken).toEqual([])
  })

  it('make no cycle of files but by types', () => {
    const edges = new Map(
      sources.map((source) => [
        source.file,
        importsOf(withoutTypeImports(source.text)).map((specifier) => target(source, specifier)),
      ]),
    )
    expect(firstCycle(edges)).toEqual([])
  })

  it('reach each native library through one file', () => {
    const broken = sources.flatMap(({ file, imports }) =>
      imports
        .filter((specifier) => (NATIVE_IMPORTERS[packageOf(specifier)] ?? file) !== file)
        .map((specifier) => `${file} imports ${specifier}`),
    )
    expect(broken).toEqual([])
  })

  it('name only libraries that package.json lists', () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    )
    const shipped = { ...dependencies, ...optionalDependencies }
    const broken = sources.flatMap(({ file, room, imports }) =>
      imports
        .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier) && room !== 'assembly')
        .map(packageOf)
        .filter((name) => !(name in shipped) && !(room === 'bench' && name in devDependencies))
        .map((name) => `${file} imports ${name}`),
    )
    expect(broken).toEqual([])
  })

  it('of the contract and of scoring name no module of Node', () => {
    const broken = sources
      .filter(({ room }) => ['core/contract', 'core/scoring', 'client'].includes(room))
      .flatMap(({ file, imports }) => imports.filter(isBuiltin).map((specifier) => `${file} imports ${specifier}`))
    expect(broken).toEqual([])
  })
})

describe('code', () => {
  it('of scoring knows no clock, chance, network, files or environment', () => {
    expect(offenders(['core/scoring'], CLOCK_AND_CHANCE)).toEqual([])
    expect(offenders(['core/scoring'], /\bfetch\(/)).toEqual([])
  })

  it('of core rounds amounts in money.ts alone', () => {
    const core = Object.keys(LAW).filter((room) => room.startsWith('core/'))
    expect(offenders(core, ROUNDS, ['core/contract/money.ts'])).toEqual([])
  })

  it('keeps state of a module only in the files that own it', () => {
    const rooms = Object.keys(LAW).filter((room) => room !== 'assembly')
    expect(offenders(rooms, /^(export )?(let|var)\b/, Object.keys(STATE_OWNERS))).toEqual([])
  })

  it('stays in files of a median of at most 150 lines', () => {
    const lengths = sources.map(({ text }) => text.split('\n').length).sort((a, b) => a - b)
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(150)
  })

  it('gives up no type', () => {
    expect(
      offenders(Object.keys(LAW), /\bas unknown as\b|\bas any\b|:\s*any\b|@ts-(ignore|expect-error|nocheck)/),
    ).toEqual([])
  })
})

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

/** The files of one cycle, or none. Depth-first, with the path kept to name the cycle. */
function firstCycle(edges: Map<string, (string | null)[]>): string[] {
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] => {
    if (finished.has(file)) return []
    const at = path.indexOf(file)
    if (at >= 0) return [...path.slice(at), file]
    path.push(file)
    for (const next of edges.get(file) ?? []) {
      const cycle = next === null ? [] : visit(next)
      if (cycle.length > 0) return cycle
    }
    path.pop()
    finished.add(file)
    return []
  }
  for (const file of edges.keys()) {
    const cycle = visit(file)
    if (cycle.length > 0) return cycle
  }
  return []
}
