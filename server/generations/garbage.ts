/**
 * A snapshot's tables are WebAssembly's memory, and the collector does not know how large what it could free there is: with nothing else
 * to do it left gigabytes of snapshots that nobody used any more. So it is told when one goes; that takes some 10 ms.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

export const collectGarbage = runInNewContext('gc') as () => void
