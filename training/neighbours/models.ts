/**
 * Neighbourhood models by name: how the rows are weighed when they are written, and how they are searched when they serve.
 * The formulas are in core/scoring/neighbours.ts.
 */
import type { Neighbourhood } from '../../core/snapshot/manifest.ts'

export interface SessionModel {
  /** A visit ends when so much time passes without an event; where all of its events have one time, it never does. */
  gapMinutes: number
  /** Visits of more items than this share of all visits have take no part: tills, robots. 1: all take part. */
  lengthQuantile: number
  /** Newest visits that are found by an item; bounds the work of an item that everybody looks at. */
  postings: number
  /** Weight of the newest visit over that of the oldest is e^(1 / recency); null: age does not count. */
  recency: number | null
  /** A visit of n items weighs n^−lengthPower. */
  lengthPower: number
  /** An item found in a history counts idf^matchIdf, where idf = ln(entries of all visits / visits with the item). */
  matchIdf: number
  /** An item's score is multiplied by plain + idf · weight. */
  scale: { plain: number; idf: number }
  search: Neighbourhood
}

export interface PeerModel {
  /** Shoppers with the newest events that are found by an item. */
  postings: number
  search: Neighbourhood
}

/** Weights e^(−n / length) of n = 0, 1, … until they no longer count. */
export function decay(length: number, most = 100): number[] {
  const weights: number[] = []
  for (let n = 0; n < most && Math.exp(-n / length) > 1e-6; n++) weights.push(Math.exp(-n / length))
  return weights
}

/** Weights of the VMIS-kNN match, 1 − 0.1 (p + 1), not below 0. */
const LINEAR_MATCH = Array.from({ length: 10 }, (_, place) => (9 - place) / 10)

const THIRTY_MINUTES = 30

/** Kersbergen, Sprangers, Schelter: Serenade (SIGMOD 2022), with the parameters of its example. */
export const VMIS: SessionModel = {
  gapMinutes: THIRTY_MINUTES,
  lengthQuantile: 0.995,
  postings: 1502,
  recency: null,
  lengthPower: 0,
  matchIdf: 0,
  scale: { plain: 0, idf: 2 },
  search: {
    items: 4,
    recent: 1502,
    neighbours: 288,
    place: 'linear',
    match: LINEAR_MATCH,
    distance: [1],
    earlier: 1,
    cosine: false,
  },
}

/** Garg, Gupta, Malhotra, Vig, Shroff: STAN (SIGIR 2019); ages by the order of the visits instead of by days. */
export const STAN: SessionModel = {
  gapMinutes: THIRTY_MINUTES,
  lengthQuantile: 1,
  postings: 5000,
  recency: 0.5,
  lengthPower: 0.5,
  matchIdf: 0,
  scale: { plain: 1, idf: 0 },
  search: {
    items: 50,
    recent: 5000,
    neighbours: 500,
    place: decay(1.02),
    match: [1],
    distance: decay(2.05),
    earlier: 1,
    cosine: false,
  },
}

/** STAN with the idf weights of V-SKNN at both ends, and less for what a visit saw before the matched item. */
export const STAN_IDF: SessionModel = {
  ...STAN,
  recency: 1,
  lengthPower: 0.25,
  matchIdf: 1.5,
  scale: { plain: 0, idf: 1 },
  search: {
    ...STAN.search,
    place: decay(1.5),
    match: powers(0.85),
    distance: decay(8),
    earlier: 0.6,
  },
}

/** The same for visits that stay with one kind of item: what was seen next counts most. */
export const STAN_IDF_NEAR: SessionModel = {
  ...STAN_IDF,
  search: { ...STAN_IDF.search, neighbours: 1000, place: decay(2), match: powers(0.75), distance: decay(1.5) },
}

/** Textbook user-based collaborative filtering: r̂(u, i) = Σ_{v ∈ N(u)} cos(u, v) r(v, i). */
export const USER_BASED: PeerModel = {
  postings: 5000,
  search: {
    items: 1000,
    recent: 0xffff_fffe,
    neighbours: 100,
    place: 'events',
    match: [1],
    distance: [1],
    earlier: 1,
    cosine: true,
  },
}

export const SESSION_MODELS = { vmis: VMIS, stan: STAN, 'stan-idf': STAN_IDF, 'stan-idf-near': STAN_IDF_NEAR } as const
export type SessionModelName = keyof typeof SESSION_MODELS
export const SESSION_MODEL_NAMES = Object.keys(SESSION_MODELS) as SessionModelName[]

export const PEER_MODELS = { 'user-based': USER_BASED } as const
export type PeerModelName = keyof typeof PEER_MODELS
export const PEER_MODEL_NAMES = Object.keys(PEER_MODELS) as PeerModelName[]

function powers(base: number): number[] {
  return Array.from({ length: 30 }, (_, n) => base ** n)
}
