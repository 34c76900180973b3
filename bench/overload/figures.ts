/** What the answers of one run under overload come to. */
import { quantile } from '../statistics.ts'
import type { LoadAnswer } from './load-child.ts'

export interface OverloadFigures {
  /** Share of the arrivals of the overload that were sent in time; below `VOID_BELOW` nothing here counts. */
  sentShare: number
  /** CPU time of the generator, in cores: near 1 it may have been what gave way. */
  generatorShare: number
  offeredPerSecond: number
  /** Accepted requests that came during the overload, a second of it. */
  goodputPerSecond: number
  acceptedP99Ms: number
  /** 503; anything but that and 200. */
  refused: number
  failed: number
  /** From the end of the overload until every later window is normal; null: not within the run. */
  normalAfterMs: number | null
}

export const VOID_BELOW = 0.95
/** A request that is sent later than this after its time was not sent in time. */
const LATE_MS = 50
const WINDOW_MS = 250

/** `from`, `to`: the overload, in milliseconds of the run. A window is normal where all it asked was answered within `objectiveMs`. */
export function overloadFigures(load: LoadAnswer, from: number, to: number, objectiveMs: number): OverloadFigures {
  const { atMs, sentMs, tookMs, status } = load
  const during = [...atMs.keys()].filter((i) => atMs[i] >= from && atMs[i] < to)
  const accepted = during.filter((i) => status[i] === 200)
  const seconds = (to - from) / 1000
  return {
    sentShare: during.filter((i) => sentMs[i] - atMs[i] <= LATE_MS).length / during.length,
    generatorShare: load.generatorShare,
    offeredPerSecond: during.length / seconds,
    goodputPerSecond: accepted.length / seconds,
    acceptedP99Ms: quantile(
      accepted.map((i) => tookMs[i]),
      0.99,
    ),
    refused: during.filter((i) => status[i] === 503).length,
    failed: [...status].filter((each) => each !== 200 && each !== 503).length,
    normalAfterMs: normalAfter(load, to, objectiveMs),
  }
}

function normalAfter({ atMs, tookMs, status }: LoadAnswer, to: number, objectiveMs: number): number | null {
  let lastBad = -1
  let lastWindow = -1
  for (let i = 0; i < atMs.length; i++) {
    if (atMs[i] < to) continue
    lastWindow = Math.floor((atMs[i] - to) / WINDOW_MS)
    if (status[i] !== 200 || tookMs[i] > objectiveMs) lastBad = lastWindow
  }
  return lastBad === lastWindow ? null : WINDOW_MS * (lastBad + 1)
}
