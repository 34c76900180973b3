/** Node 24 on a machine whose C library is older than the server's library wants: it says so, in one line. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyCheckout, installNode, nodeVariables } from '../support/another-node.ts'
import { run } from '../support/processes.ts'
import { CLI } from '../support/trained-shop.ts'

let folder: string
let missing: string | null

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-node24-'))
  missing = whyNotHere() ?? (await installNode(24, 11, join(folder, 'node')))
  if (missing !== null) console.warn(`skipped: ${missing}`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function whyNotHere(): string | null {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  if (header.glibcVersionRuntime === undefined) return 'the C library is not glibc'
  const [major = 0, minor = 0] = header.glibcVersionRuntime.split('.').map(Number)
  const isOld = major === 2 && minor < 38
  return isOld ? null : `glibc ${header.glibcVersionRuntime} is new enough for Node 24: there is nothing to refuse`
}

const variables = () => ({ ...process.env, ...nodeVariables(join(folder, 'node'), process.env.PATH ?? '') })
const serve = (main: string) =>
  run('node', [main, 'serve', '--home', join(folder, 'home'), '--port', '0'], { env: variables() })

test('serve on Node 24, installed with it: one line that names the C library, exit code 1', async ({ skip }) => {
  if (missing !== null) skip(missing)
  const checkout = join(folder, 'checkout')
  await copyCheckout(checkout)
  const installed = await run('npm', ['ci'], { cwd: checkout, env: variables() })
  expect(installed.exitCode, installed.stderr).toBe(0)
  const { exitCode, stdout, stderr } = await serve(join(checkout, 'dist/cli/main.js'))
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toMatch(/^error environment: .* Node 24\.\S+, linux .*GLIBC_2\.38' not found.* Use Node 20 or 22.*\n$/)
})

test('serve on Node 24, installed with an older one: one line that tells to install again', async ({ skip }) => {
  if (missing !== null) skip(missing)
  if (process.version.startsWith('v24.')) skip('this checkout is installed for Node 24 itself')
  const { exitCode, stdout, stderr } = await serve(CLI)
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toMatch(/^error environment: .* Node 24\.\S+, linux .*Cannot find module .*run `npm ci`.*\n$/)
})
