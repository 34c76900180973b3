import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFolder } from '../../../core/store/log/lock.ts'
import { type Started, start } from '../../support/processes.ts'

const LOCK = new URL('../../../core/store/log/lock.js', import.meta.url)

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A process that holds the folder when it says so, until it is killed. */
async function holder(): Promise<Started> {
  const code = `const { lockFolder } = await import('${LOCK}')
    await lockFolder('${folder}')
    console.log('held')
    setInterval(() => {}, 1000)`
  const started = start(process.execPath, ['--input-type=module', '-e', code])
  await new Promise((resolve) => started.child.stdout.once('data', resolve))
  return started
}

test('a folder that a living process holds is refused with its number; one that is killed holds nothing', async () => {
  const other = await holder()
  const refused = { code: 'environment', message: expect.stringContaining(`process ${other.child.pid} `) }
  await expect(lockFolder(folder)).rejects.toMatchObject(refused)
  other.child.kill('SIGKILL')
  await other.ended
  const unlock = await lockFolder(folder)
  await unlock()
})

test('a copy of a folder that is held is free', async () => {
  const other = await holder()
  const copy = `${folder}-copy`
  await cp(folder, copy, { recursive: true })
  await (await lockFolder(copy))()
  other.child.kill('SIGKILL')
  await other.ended
  await rm(copy, { recursive: true })
})
