/** A thread that takes erased shoppers out of log segments and the ledger, so that requests do not wait for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { type Rewritten, rewriteSegments } from '../../core/store/erasure/rewrite.ts'
import { eraseFromLedger } from '../../core/store/ledger/erase.ts'

export interface RewriteTask {
  /** Of the logs and of the list of erasures. */
  folder: string
  /** Segments that nobody writes to any more. */
  files: string[]
  /** File of the shop's ledger. */
  ledger: string
}

const { folder, files, ledger } = workerData as RewriteTask
const erasures = Erasures.read(folder)
const { segments, erased } = await rewriteSegments(files, erasures)
const done: Rewritten = { segments, erased: erased + (await eraseFromLedger(ledger, erasures)) }
parentPort?.postMessage(done)
