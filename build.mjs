// Builds what is older than its sources: the kernel with AssemblyScript, the rest with TypeScript. `npm ci`, `npm start`
// and `npm test` all come through here, so that a build happens once. Plain old JavaScript: it tells an old Node so.
// What follows on the command line is a command of the program, run in this process: `node build.mjs start --port 9000`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const rooms = ['core', 'server', 'training', 'client', 'cli', 'bench', 'test']
const compilerSettings = ['tsconfig.json', 'package-lock.json']
const kernelSettings = ['asconfig.json', 'package-lock.json']

refuseOldNode()
refuseMissingDependencies()
refuseMissingNative()
buildWhenStale('dist/.kernel-built', ['assembly', ...kernelSettings], () => {
  for (const target of ['release', 'debug']) run('assemblyscript/bin/asc.js', ['assembly/index.ts', '--target', target])
})
buildWhenStale('dist/.typescript-built', [...rooms, ...compilerSettings], () => {
  // From nothing: what was compiled from a file that is gone would still be found and run.
  for (const room of [...rooms, '.tsbuildinfo']) rmSync(join(root, 'dist', room), { recursive: true, force: true })
  run('typescript/bin/tsc', [])
})
if (process.argv.length > 2) await import('./dist/cli/main.js')

function refuseOldNode() {
  const version = process.versions.node.split('.').map(Number)
  if (version[0] < 20 || (version[0] === 20 && version[1] < 19))
    refuse(`Node ${process.versions.node} is too old; Offerwright needs 20.19 or newer`)
}

function refuseMissingDependencies() {
  if (!existsSync(join(root, 'node_modules/typescript'))) refuse('dependencies are not installed; run `npm ci`')
}

// An optional dependency, so that npm leaves it out, instead of failing with pages of compiler output, where it cannot
// be built; nothing runs without it, and this line says what to do.
function refuseMissingNative() {
  if (existsSync(join(root, 'node_modules/hnswlib-node/build/Release/addon.node'))) return
  refuse(
    'hnswlib-node is not built. It needs a C++ compiler, make and Python 3 (Debian: apt-get install g++ make python3), ' +
      'and npm must run its install script (no `ignore-scripts`; npm 11 asks `allowScripts` in package.json). ' +
      'Then run `npm ci` again',
  )
}

function buildWhenStale(stamp, sources, build) {
  const stampFile = join(root, stamp)
  const newest = Math.max(...sources.map((source) => newestChange(join(root, source))))
  if (existsSync(stampFile) && statSync(stampFile).mtimeMs >= newest) return
  const startedAt = new Date()
  rmSync(stampFile, { force: true })
  build()
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, '')
  utimesSync(stampFile, startedAt, startedAt)
}

// A folder counts too: deleting a file changes only it.
function newestChange(path) {
  if (!existsSync(path)) return 0
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))))
}

function run(script, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) refuse(`${script.split('/')[0]} failed`)
}

function refuse(message) {
  process.stderr.write(`error environment: ${message}\n`)
  process.exit(1)
}
