/** A worker thread: answers batches of requests on its generation. */
import { threadId } from 'node:worker_threads'
import { workerData } from '../../core/native/pool.ts'
import { answerBatch } from './answering.ts'
import { WorkContext, type WorkerSetup } from './context.ts'
import type { BatchResult, BatchTask, LACKS_CAMPAIGNS } from './messages.ts'

const context = new WorkContext(workerData as WorkerSetup, threadId)

export function run(task: BatchTask): BatchResult | typeof LACKS_CAMPAIGNS {
  return answerBatch(context, task)
}
