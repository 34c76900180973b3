/** A worker thread: answers batches of requests on its generation, one after the other, until it is told to end. */
import { setImmediate } from 'node:timers/promises'
import { receiveMessageOnPort, threadId } from 'node:worker_threads'
import { workerData } from '../../core/native/pool.ts'
import { answerBatch } from './answering.ts'
import { WorkContext, type WorkerSetup } from './context.ts'
import { type BatchTask, LOOP_READY, type LoopTask, SILENT } from './messages.ts'

/** The thread's own event loop turns when there was nothing to do for so long, and after so many batches. */
const IDLE_MS = 1000
const BATCHES_A_TURN = 1024

const context = new WorkContext(workerData as WorkerSetup, threadId)

export async function run({ port, bell }: LoopTask): Promise<void> {
  port.postMessage(LOOP_READY)
  for (let turn = 1; ; turn++) {
    const isRung = Atomics.wait(bell, 0, SILENT, IDLE_MS) !== 'timed-out'
    if (isRung) {
      Atomics.store(bell, 0, SILENT)
      const task = receiveMessageOnPort(port)?.message as BatchTask | null
      if (task === null) return
      port.postMessage(answerBatch(context, task))
    }
    if (!isRung || turn % BATCHES_A_TURN === 0) await setImmediate()
  }
}
