/** Decides as a worker does: reads what is held under the lock, and draws and keeps an offer where there is none. */
import { parentPort, workerData } from 'node:worker_threads'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { KeptOffers } from '../../core/store/kept-offers.ts'

const { memory, holder, items } = workerData as { memory: SharedArrayBuffer; holder: number; items: number }
const kept = new KeptOffers(memory, holder)
const subject = { lo: 1, hi: 2 }
const live = emptyLiveShopper()

const drawn = Array.from({ length: items }, (_, item) => {
  kept.lock(subject)
  kept.read(subject, 0, live)
  const held = [...live.offerItems.subarray(0, 2 * live.nOffers)].filter((_, i) => i % 2 === 0).indexOf(item + 1)
  const minor = held >= 0 ? live.offerMinor[held] : holder
  if (held < 0)
    kept.add(subject, { itemLo: item + 1, itemHi: 0, campaignHash: 5, minor, thresholdMinor: 0, validUntil: 1e12 }, 0)
  kept.unlock(subject)
  return minor
})
parentPort?.postMessage(drawn)
