/** A worker thread: answers batches of requests on the generations that are open, one after the other, until it is told to end. */
import { setImmediate } from 'node:timers/promises'
import { type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads'
import { noteGarbageLater } from '../generations/garbage.ts'
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
const opening = new Set<Promise<unknown>>()
const failures: unknown[] = []

export async function run({ port, bell, open }: LoopTask): Promise<void> {
  failures.length = 0
  await Promise.all(open.map(openContext))
  port.postMessage(LOOP_READY)
  let isOver = false
  for (let rings = 1; !isOver && failures.length === 0; rings++) {
    const isSilent = Atomics.wait(bell, 0, SILENT, opening.size > 0 ? OPENING_MS : IDLE_MS) === 'timed-out'
    Atomics.store(bell, 0, SILENT)
    for (let got = receiveMessageOnPort(port); !isOver && got !== undefined; got = receiveMessageOnPort(port))
      isOver = !hear(port, got.message as LoopMessage)
    if (isSilent || opening.size > 0 || rings % RINGS_A_TURN === 0) await setImmediate()
  }
  // The pool stops the thread's event loop between two tasks.
  await Promise.all(opening)
  if (failures.length > 0) throw failures[0]
}

/** False: it was the last message. */
function hear(port: MessagePort, message: LoopMessage): boolean {
  if (message === null) return false
  if ('open' in message) openBeside(port, message.open)
  else if ('forget' in message) forgetContext(message.forget)
  else port.postMessage(answerBatch(contextOf(message.generation), message.task))
  return true
}

/** A loop that cannot open a generation ends; another takes its place. */
function openBeside(port: MessagePort, open: OpenGeneration): void {
  const opened = openContext(open)
    .then(
      () => port.postMessage({ opened: open.generation } satisfies Opened),
      (reason) => failures.push(reason),
    )
    .finally(() => opening.delete(opened))
  opening.add(opened)
}

async function openContext({ generation, setup }: OpenGeneration): Promise<void> {
  // It is, where the loop began anew in this thread.
  if (contexts.has(generation)) return
  contexts.set(generation, null)
  try {
    const context = await WorkContext.open(setup, threadId)
    // It may be forgotten already.
    if (contexts.has(generation)) contexts.set(generation, context)
    else context.codes.close()
  } catch (reason) {
    contexts.delete(generation)
    throw reason
  }
}

function contextOf(generation: number): WorkContext {
  const context = contexts.get(generation) ?? null
  if (context === null) throw new Error(`generation ${generation} is not open in this thread`)
  return context
}

function forgetContext(generation: number): void {
  contexts.get(generation)?.codes.close()
  contexts.delete(generation)
  noteGarbageLater()
}
