import { parentPort, workerData } from 'node:worker_threads'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { ShopperReader } from '../../core/store/shoppers.ts'

const { memory, state } = workerData as { memory: SharedArrayBuffer; state: Int32Array }
const live = emptyLiveShopper()
const reader = new ShopperReader(memory)
let torn = 0
while (Atomics.load(state, 0) === 0) {
  reader.read(1, 0, live)
  for (let i = 0; i < live.nEvents; i++) {
    const n = live.eventTimes[i]
    const whole = live.eventHashes[2 * i] === n && live.eventHashes[2 * i + 1] === n && live.eventKinds[i] === n % 6
    const ordered = i === 0 || live.eventTimes[i - 1] === n + 2
    if (!whole || !ordered) torn++
  }
  if (live.nEvents > 0) Atomics.add(state, 1, 1)
}
parentPort?.postMessage(torn)
