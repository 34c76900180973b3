/** From a checkout to a decision on Debian 13 with Node 24: installed, built, trained and served there. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import { copyCheckout, installNode, nodeVariables } from '../support/another-node.ts'
import { DebianRoot } from '../support/debian-root.ts'
import { type Ended, portOf } from '../support/processes.ts'
import { call } from '../support/trained-shop.ts'

const NODE = '/opt/node24'
const CHECKOUT = '/srv/offerwright'
const HOME = '/srv/shop'
const SIZE = ['--items', '300', '--shoppers', '400', '--events', '8000']

let folder: string
let debian: DebianRoot | string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-debian13-'))
  debian = await debianWithNode()
  if (typeof debian === 'string') console.warn(`skipped: ${debian}`)
})
afterAll(async () => {
  if (typeof debian !== 'string') await debian.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Answers why there is none here, or the root with Node and the checkout in it. */
async function debianWithNode(): Promise<DebianRoot | string> {
  const root = await DebianRoot.make(join(folder, 'root'), 'trixie', ['g++', 'make', 'python3'])
  if (typeof root === 'string') return root
  const node = join(folder, 'node')
  const missing = await installNode(24, 11, node)
  if (missing !== null) return missing
  await cp(node, root.outside(NODE), { recursive: true, verbatimSymlinks: true })
  await copyCheckout(root.outside(CHECKOUT))
  return root
}

test('npm ci, npm start and serve on Debian 13 with Node 24 answer a decision', async ({ skip }) => {
  if (typeof debian === 'string') return skip(debian)
  const inside = startsIn(debian)
  expectDone(await inside('npm', 'ci').ended)
  expectDone(await inside('npm', 'start', '--', '--no-serve', '--home', HOME, ...SIZE).ended)
  const server = inside('node', 'dist/cli/main.js', 'serve', '--home', HOME, '--port', '0')
  const { status, body } = await call(await portOf(server), 'POST', '/v1/decide', { slots: 5 })
  server.child.kill('SIGTERM')
  expectDone(await server.ended)
  expect(status).toBe(200)
  expect((body as DecideAnswer).items).toHaveLength(5)
})

function startsIn(root: DebianRoot) {
  const variables = nodeVariables(NODE, '/usr/sbin:/usr/bin:/sbin:/bin')
  return (...command: string[]) => root.start(CHECKOUT, variables, command)
}

function expectDone({ exitCode, stderr }: Ended): void {
  expect(exitCode, stderr).toBe(0)
}
