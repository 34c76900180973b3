/**
 * A snapshot's tables are WebAssembly's memory, and the collector does not know how large what it could free there is: with nothing else
 * to do it left gigabytes of snapshots that nobody used any more. Of an `ArrayBuffer` it does know, so one that is dropped at once and
 * never touched, which takes no memory, makes it begin; it then works between other things. `gc()` would stop everything for 30 ms.
 */
import { threadId } from 'node:worker_threads'

const NOTICED_BYTES = 128 * 1024 * 1024
/** Between two threads. */
const TURN_MS = 500
const TURNS = 8

export function noteGarbage(): void {
  Reflect.construct(ArrayBuffer, [NOTICED_BYTES])
}

/**
 * The same when a swap is over and what waited meanwhile is answered, one thread after the other: each then stands still for up to
 * 14 ms on a busy machine.
 */
export function noteGarbageLater(): void {
  setTimeout(noteGarbage, TURN_MS * (1 + (threadId % TURNS))).unref()
}
