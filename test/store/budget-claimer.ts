import { parentPort, workerData } from 'node:worker_threads'
import { BudgetView } from '../../core/store/budget-words.ts'

const { memory, slot, amountMinor } = workerData as { memory: SharedArrayBuffer; slot: number; amountMinor: number }
const view = new BudgetView(memory)
let taken = 0
while (view.reserve(slot, amountMinor)) taken++
parentPort?.postMessage(taken)
