/** A thread that takes erased shoppers out of log segments, so that requests do not wait for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { rewriteSegments } from '../../core/store/erasure/rewrite.ts'

export interface RewriteTask {
  /** Of the logs and of the list of erasures. */
  folder: string
  /** Segments that nobody writes to any more. */
  files: string[]
}

const { folder, files } = workerData as RewriteTask
parentPort?.postMessage(await rewriteSegments(files, Erasures.read(folder)))
