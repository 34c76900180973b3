/** Blends that are not learned. */
import type { SourceWeights } from '../snapshot/manifest.ts'

export const NO_SOURCE: SourceWeights = {
  rows: 0,
  content: 0,
  sessions: 0,
  peers: 0,
  links: 0,
  vectors: 0,
  popular: 0,
  trends: 0,
  rhythm: 0,
}

export const ROWS_ALONE: SourceWeights = { ...NO_SOURCE, rows: 1 }
