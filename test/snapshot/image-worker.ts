/** A worker that is given a loaded snapshot and answers what it reads in it. */
import { parentPort, workerData } from 'node:worker_threads'
import type { SnapshotImage } from '../../core/snapshot/open.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'

const image: SnapshotImage = workerData
const { priceMinor } = tablesOf(image).catalogue
priceMinor.view[0] = 777
parentPort?.postMessage([...priceMinor.view])
