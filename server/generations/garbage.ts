/**
 * A snapshot's tables are WebAssembly's memory, and the collector does not know how large what it could free there is: with nothing else
 * to do it left gigabytes of snapshots that nobody used any more. Of an `ArrayBuffer` it does know, so one that is dropped at once and
 * never touched, which takes no memory, makes it begin; it then works between other things. `gc()` would stop everything for 30 ms.
 */
const NOTICED_BYTES = 128 * 1024 * 1024

export function noteGarbage(): void {
  Reflect.construct(ArrayBuffer, [NOTICED_BYTES])
}
