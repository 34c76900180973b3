/** Latencies of one stretch of load in an HdrHistogram: one microsecond to a minute, to three digits. */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

const LONGEST_MICROS = 60_000_000

export interface Quantiles {
  p50Ms: number
  p90Ms: number
  p99Ms: number
  p999Ms: number
}

export class Latency {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_MICROS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  })

  /** What took longer than a minute counts as a minute. */
  record(ms: number): void {
    this.#histogram.recordValue(Math.min(Math.max(Math.round(ms * 1000), 0), LONGEST_MICROS))
  }

  /** HdrHistogram's compressed text form, in microseconds. */
  encoded(): string {
    return encodeIntoCompressedBase64(this.#histogram)
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  quantileMs(share: number): number {
    return this.#histogram.getValueAtPercentile(100 * share) / 1000
  }

  quantiles(): Quantiles {
    const [p50Ms, p90Ms, p99Ms, p999Ms] = [0.5, 0.9, 0.99, 0.999].map((share) => this.quantileMs(share))
    return { p50Ms, p90Ms, p99Ms, p999Ms }
  }
}

/** Encoded histograms as one. */
export function merged(encoded: string[]): string {
  const [all, ...others] = encoded.map((text) => decodeFromCompressedBase64(text))
  for (const other of others) all.add(other)
  return encodeIntoCompressedBase64(all)
}
