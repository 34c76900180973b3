/**
 * A worker thread. The generation is opened by its first batch: a spare thread has all code loaded, but takes no arena and no memory
 * for an index until a worker has died.
 */
import { threadId } from 'node:worker_threads'
import { workerData } from '../../core/native/pool.ts'
import { answerBatch } from './answering.ts'
import { WorkContext, type WorkerSetup } from './context.ts'
import type { BatchResult, BatchTask, LACKS_CAMPAIGNS } from './messages.ts'

const opened: { context?: WorkContext } = {}

export default function answer(task: BatchTask): BatchResult | typeof LACKS_CAMPAIGNS {
  opened.context ??= new WorkContext(workerData as WorkerSetup, threadId)
  return answerBatch(opened.context, task)
}
