/** A worker thread: answers batches of requests on the generations that are open, one after the other, until it is told to end. */
import { setImmediate } from 'node:timers/promises'
import { type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads'
import { noteGarbage } from '../generations/garbage.ts'
import { answerBatch } from './answering.ts'
import { WorkContext } from './context.ts'
import { LOOP_READY, type LoopMessage, type LoopTask, type Opened, type OpenGeneration, SILENT } from './messages.ts'

/** The thread's own event loop turns when there was nothing to do for so long, and after so many messages. */
const IDLE_MS = 1000
const RINGS_A_TURN = 1024

const contexts = new Map<number, WorkContext>()

export async function run({ port, bell, open }: LoopTask): Promise<void> {
  for (const generation of open) openContext(generation)
  port.postMessage(LOOP_READY)
  for (let rings = 1; ; rings++) {
    const isSilent = Atomics.wait(bell, 0, SILENT, IDLE_MS) === 'timed-out'
    Atomics.store(bell, 0, SILENT)
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
      if (!hear(port, got.message as LoopMessage)) return
    if (isSilent || rings % RINGS_A_TURN === 0) await setImmediate()
  }
}

/** False: it was the last message. */
function hear(port: MessagePort, message: LoopMessage): boolean {
  if (message === null) return false
  if ('open' in message) {
    openContext(message.open)
    port.postMessage({ opened: message.open.generation } satisfies Opened)
  } else if ('forget' in message) forgetContext(message.forget)
  else port.postMessage(answerBatch(contextOf(message.generation), message.task))
  return true
}

function openContext({ generation, setup }: OpenGeneration): void {
  // It is, where the loop began anew in this thread.
  if (!contexts.has(generation)) contexts.set(generation, new WorkContext(setup, threadId))
}

function contextOf(generation: number): WorkContext {
  const context = contexts.get(generation)
  if (context === undefined) throw new Error(`generation ${generation} is not open in this thread`)
  return context
}

function forgetContext(generation: number): void {
  contexts.get(generation)?.codes.close()
  contexts.delete(generation)
  noteGarbage()
}
