/** A worker: answers batches of requests on its generation. One request's fault is that request's answer. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { workerData } from '../../core/native/pool.ts'
import { WorkContext, type WorkerSetup } from './context.ts'
import { answerDecide, answerRecommend, answerSimilar } from './decisions.ts'
import { answerEvents } from './events.ts'
import type { BatchReader, BatchResult, BatchTask, WorkRoute } from './messages.ts'

type Answering = (context: WorkContext, body: Buffer, trusted: boolean, now: number) => void

const ANSWERING: Record<WorkRoute, Answering> = {
  decide: answerDecide,
  recommend: answerRecommend,
  similar: answerSimilar,
  events: answerEvents,
}

const context = new WorkContext(workerData as WorkerSetup)

export default function answerBatch(task: BatchTask): BatchResult {
  const batch = context.begin(task)
  for (let i = 0; i < batch.count; i++) answerOne(batch, i, task.time)
  return context.results.finish()
}

function answerOne(batch: BatchReader, i: number, now: number): void {
  const { results } = context
  const start = results.out.length
  try {
    ANSWERING[batch.route(i)](context, batch.body(i), batch.isTrusted(i), now)
  } catch (error) {
    results.out.length = start
    if (error instanceof OfferwrightError) {
      results.answerText(error.status, JSON.stringify(error))
      return
    }
    results.effects.failures.push((error as Error).stack ?? String(error))
    const hidden = new OfferwrightError('internal', 'the request could not be answered; the server logged why')
    results.answerText(hidden.status, JSON.stringify(hidden))
  }
}
