/**
 * A Debian release in a folder, made by debootstrap, in which commands run as root. Every command has mounts of its own
 * that end with it, so nothing stays mounted however a test ends. Where packages come from is what this machine's apt
 * and npm are set to.
 */
import { cp, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run, type Started, start } from './processes.ts'

/** With mounts of its own: `/proc` in the root, then the command there in the place of the shell. */
const ENTER = 'root=$1 cwd=$2; shift 2; mount -t proc proc "$root/proc" && exec chroot "$root" env -C "$cwd" "$@"'

/** What debootstrap says when a mirror does not answer. */
const UNREACHABLE = /Failed getting release|Couldn't download/

export class DebianRoot {
  readonly #folder: string
  readonly #variables: Record<string, string>
  readonly #started: Started[] = []

  private constructor(folder: string, variables: Record<string, string>) {
    this.#folder = folder
    this.#variables = variables
  }

  /** Answers why it cannot be made here instead, where the machine and not the test is the reason. */
  static async make(folder: string, release: string, packages: string[]): Promise<DebianRoot | string> {
    const missing = (await whyNotHere()) ?? (await debootstrap(folder, release, packages))
    if (missing !== null) return missing
    const variables = await npmVariables()
    for (const file of ['/etc/resolv.conf', ...certificatesOf(variables)]) await copyFile(file, folder)
    return new DebianRoot(folder, variables)
  }

  /** Where a path of the root lies on this machine. */
  outside(path: string): string {
    return join(this.#folder, path)
  }

  /** A started command is the process itself: what it is sent as a signal reaches it. */
  start(cwd: string, variables: Record<string, string>, command: string[]): Started {
    const settings = Object.entries({ ...this.#variables, HOME: '/root', LANG: 'C.UTF-8', ...variables })
    const env = ['-i', ...settings.map(([name, value]) => `${name}=${value}`)]
    const started = start('unshare', ['--mount', 'sh', '-c', ENTER, 'sh', this.#folder, cwd, ...env, ...command])
    this.#started.push(started)
    return started
  }

  /** Ends what a failed test left running; the folder can be deleted then. */
  async stop(): Promise<void> {
    for (const { child } of this.#started) child.kill('SIGKILL')
    await Promise.all(this.#started.map(({ ended }) => ended))
  }
}

/** Null when it is made. */
async function debootstrap(folder: string, release: string, packages: string[]): Promise<string | null> {
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, release, folder, ...(await debianMirror())]
  const env = { ...process.env, ...(await aptProxies()) }
  const { exitCode, stdout, stderr } = await run('unshare', ['--mount', 'debootstrap', ...args], { env })
  if (exitCode === 0) return null
  const faults = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('E: '))
  if (faults.some((line) => UNREACHABLE.test(line))) return `the mirror cannot be reached: ${faults.join('; ')}`
  throw new Error(`debootstrap ended with exit code ${exitCode}: ${stdout}${stderr}`)
}

async function whyNotHere(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'only root may make another root'
  const { exitCode } = await run('sh', ['-c', 'command -v debootstrap unshare chroot'])
  return exitCode === 0 ? null : 'debootstrap is not installed (Debian: apt-get install debootstrap)'
}

/** The mirror of this machine's own release, on Debian; elsewhere debootstrap knows one. */
async function debianMirror(): Promise<string[]> {
  const release = Object.fromEntries(
    (await readFile('/etc/os-release', 'utf8')).split('\n').map((line) => line.split('=', 2)),
  )
  if (release.ID !== 'debian') return []
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(RELEASE) $(REPO_URI)'])
  const own = stdout.split('\n').find((line) => line.startsWith(`${release.VERSION_CODENAME} `))
  return own === undefined ? [] : [own.split(' ')[1]]
}

async function aptProxies(): Promise<Record<string, string>> {
  const script = 'apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy'
  const { stdout } = await run('sh', ['-c', `eval "$(${script})"; echo "$http_proxy"; echo "$https_proxy"`])
  const [http, https] = stdout.split('\n')
  return { ...(http ? { http_proxy: http } : {}), ...(https ? { https_proxy: https } : {}) }
}

const NPM_SETTINGS = ['registry', 'cafile', 'proxy', 'https-proxy', 'noproxy']

async function npmVariables(): Promise<Record<string, string>> {
  const variables: Record<string, string> = {}
  for (const setting of NPM_SETTINGS) {
    const value = (await run('npm', ['config', 'get', setting])).stdout.trim()
    if (value !== '' && value !== 'null') variables[`npm_config_${setting.replaceAll('-', '_')}`] = value
  }
  const { NODE_EXTRA_CA_CERTS } = process.env
  return NODE_EXTRA_CA_CERTS ? { ...variables, NODE_EXTRA_CA_CERTS } : variables
}

function certificatesOf({ npm_config_cafile, NODE_EXTRA_CA_CERTS }: Record<string, string>): string[] {
  return [npm_config_cafile, NODE_EXTRA_CA_CERTS].filter((file) => file !== undefined)
}

async function copyFile(file: string, root: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true })
  await cp(file, join(root, file), { dereference: true })
}
