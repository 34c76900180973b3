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
/** While a generation is being opened it turns after each message and this often: the end of the reading comes through it. */
const OPENING_MS = 1

/** By number of the generation; null: it is being opened. */
const contexts = new Map<number, WorkContext | null>()
let opening = 0
let failure: unknown = null

export async function run({ port, bell, open }: LoopTask): Promise<void> {
  await Promise.all(open.map(openContext))
  port.postMessage(LOOP_READY)
  for (let rings = 1; failure === null; rings++) {
    const isSilent = Atomics.wait(bell, 0, SILENT, opening > 0 ? OPENING_MS : IDLE_MS) === 'timed-out'
    Atomics.store(bell, 0, SILENT)
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
      if (!hear(port, got.message as LoopMessage)) return
    if (isSilent || opening > 0 || rings % RINGS_A_TURN === 0) await setImmediate()
  }
  throw failure
}

/** False: it was the last message. */
function hear(port: MessagePort, message: LoopMessage): boolean {
  if (message === null) return false
  if ('open' in message) void openBeside(port, message.open)
  else if ('forget' in message) forgetContext(message.forget)
  else port.postMessage(answerBatch(contextOf(message.generation), message.task))
  return true
}

/** A loop that cannot open a generation ends; another takes its place. */
async function openBeside(port: MessagePort, open: OpenGeneration): Promise<void> {
  opening++
  try {
    await openContext(open)
    port.postMessage({ opened: open.generation } satisfies Opened)
  } catch (reason) {
    failure = reason
  }
  opening--
}

async function openContext({ generation, setup }: OpenGeneration): Promise<void> {
  // It is, where the loop began anew in this thread.
  if (contexts.has(generation)) return
  contexts.set(generation, null)
  const context = await WorkContext.open(setup, threadId)
  if (contexts.has(generation)) contexts.set(generation, context)
  else context.codes.close()
}

function contextOf(generation: number): WorkContext {
  const context = contexts.get(generation) ?? null
  if (context === null) throw new Error(`generation ${generation} is not open in this thread`)
  return context
}

function forgetContext(generation: number): void {
  contexts.get(generation)?.codes.close()
  contexts.delete(generation)
  noteGarbage()
}
