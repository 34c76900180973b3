/**
 * A worker thread. The generation is opened by its first batch: a spare thread has all code loaded, but takes no arena and no memory
 * for an index until a worker has died. The first spare loads when the workers are warm, so that they begin to serve sooner.
 */
import { threadId } from 'node:worker_threads'
import { workerData } from '../../core/native/pool.ts'
import type { WorkContext, WorkerSetup } from './context.ts'
import { type BatchResult, type BatchTask, type LACKS_CAMPAIGNS, SPARE_WORD, WARM_WORD } from './messages.ts'

/** Workers that are not warm by then may need the spare. */
const LONGEST_WAIT_MS = 3000

const setup = workerData as WorkerSetup
if (Atomics.load(setup.starting, SPARE_WORD) === threadId) Atomics.wait(setup.starting, WARM_WORD, 0, LONGEST_WAIT_MS)
const { answerBatch } = await import('./answering.ts')
const { WorkContext: Context } = await import('./context.ts')

const opened: { context?: WorkContext } = {}

export default function answer(task: BatchTask): BatchResult | typeof LACKS_CAMPAIGNS {
  opened.context ??= new Context(setup, threadId)
  return answerBatch(opened.context, task)
}
