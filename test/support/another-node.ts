/** Another release of Node than the one that runs the tests, as packages of npm, and a checkout to install with it. */
import { cp } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './processes.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const NOT_SOURCES = new Set(['node_modules', 'dist', '.git', '.offerwright'])

/** Installs Node (binary and headers) with an npm into a folder. Answers why it cannot, or null. */
export async function installNode(release: number, npmRelease: number, folder: string): Promise<string | null> {
  if (process.platform !== 'linux') return `npm carries no Node ${release} for ${process.platform}`
  const packages = [`${nodePackage()}@${release}`, `npm@${npmRelease}`]
  const { exitCode, stderr } = await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...packages])
  return exitCode === 0 ? null : `npm cannot fetch ${packages.join(' and ')}: ${stderr.split('\n', 2).join('; ')}`
}

/** Variables under which `node` and `npm` are those of the folder, and native code is compiled for that Node. */
export function nodeVariables(folder: string, path: string): Record<string, string> {
  const installed = join(folder, 'node_modules')
  return {
    PATH: [join(installed, '.bin'), path].join(delimiter),
    npm_config_nodedir: join(installed, nodePackage()),
  }
}

function nodePackage(): string {
  return `node-linux-${process.arch}`
}

/** The sources as they stand, without anything installed or built. */
export function copyCheckout(folder: string): Promise<void> {
  return cp(ROOT, folder, { recursive: true, filter: (path) => !NOT_SOURCES.has(basename(path)) })
}
