import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { WorkerPool } from '../../core/native/pool.ts'
import type { CountTask } from './pool-worker.ts'

let pool: WorkerPool<CountTask, number> | undefined

function openPool(workers: number, onExit?: () => void) {
  const started = new Int32Array(new SharedArrayBuffer(4))
  const loaded = new Int32Array(new SharedArrayBuffer(4))
  const file = new URL('./pool-worker.js', import.meta.url)
  pool = new WorkerPool({ file, workers, workerData: { started, loaded }, onExit })
  return { pool, started, loaded }
}

afterEach(() => pool?.close())

test('tasks for every worker run at the same time, one on each', async () => {
  const { pool, started } = openPool(3)
  await pool.runOnEach({ bytes: new SharedArrayBuffer(0), together: 3 })
  expect(Atomics.load(started, 0)).toBe(3)
})

test('memory in a task stays shared', async () => {
  const { pool } = openPool(1)
  const bytes = new SharedArrayBuffer(3)
  await pool.run({ bytes, together: 0 })
  expect([...new Uint8Array(bytes)]).toEqual([1, 1, 1])
})

test('a task that throws rejects with its error, and the worker serves on', async () => {
  const { pool } = openPool(1)
  await expect(pool.run({ bytes: new SharedArrayBuffer(0), together: -1 })).rejects.toThrow('invalid together: -1')
  await expect(pool.run({ bytes: new SharedArrayBuffer(4), together: 0 })).resolves.toBe(4)
})

test('what a task left is done while its worker has nothing to do', async () => {
  const file = new URL('./turning-worker.js', import.meta.url)
  const turning = new WorkerPool<Int32Array, void>({ file, workers: 1, turnsWhenIdle: true })
  const turned = new Int32Array(new SharedArrayBuffer(4))
  await turning.run(turned)
  expect(Atomics.wait(turned, 0, 0, 30_000)).not.toBe('timed-out')
  await turning.close()
})

test('closing waits for the tasks that run and wait', async () => {
  const { pool } = openPool(1)
  const tasks = [
    pool.run({ bytes: new SharedArrayBuffer(1), together: 0 }),
    pool.run({ bytes: new SharedArrayBuffer(2), together: 0 }),
  ]
  await pool.close()
  expect(await Promise.all(tasks)).toEqual([1, 2])
})

test.each(['close', 'destroy'] as const)('%s lets threads that begin load their code', async (how) => {
  const { pool, loaded } = openPool(2)
  await pool[how]()
  expect(Atomics.load(loaded, 0)).toBe(2)
})

test('a thread that takes the place of one that was ended is let load its code too', async () => {
  const begun = once(process, 'worker')
  const { pool, loaded } = openPool(1, () => pool.destroy())
  const [thread] = (await begun) as [Worker]
  const hanging = pool.run({ bytes: new SharedArrayBuffer(1), together: 2 })
  pool.end(thread.threadId)
  await expect(hanging).rejects.toThrow('exited')
  await pool.destroy()
  expect(Atomics.load(loaded, 0)).toBe(2)
})

test.each([
  ['at once', 1],
  ['at once', 2],
  ['beside', 1],
] as const)(
  'a thread is not ended within an addon that works %s, but ended it is: from state %i',
  async (how, from) => {
    const state = new Int32Array(new SharedArrayBuffer(4))
    const file = new URL('./gate-worker.js', import.meta.url)
    const gated = new WorkerPool<typeof how, never>({ file, workers: 1, workerData: { state } })
    const hanging = gated.run(how)
    hanging.catch(() => undefined)
    while (Atomics.load(state, 0) < from) await setTimeout(1)
    await setTimeout(20)
    await gated.destroy()
    await expect(hanging).rejects.toThrow()
    expect(Atomics.load(state, 0)).toBe(2)
  },
)
