/** Names of things. Keys are the merchant's strings and travel on the wire; indexes are dense and stay inside one snapshot. */

export type ShopId = string
export type ItemKey = string
export type ShopperKey = string
export type CampaignId = string
/** SHA-256 of the manifest's bytes, 64 lower-case hex digits. */
export type SnapshotId = string
/** 32 hex digits: 12 of the decision's time in milliseconds, 20 of a hash of its arguments. */
export type DecisionId = string

/** Dense u32, assigned in byte order of the keys; valid in one snapshot, never on the wire. */
export type ItemIndex = number

export const DEFAULT_SHOP: ShopId = 'default'

/** Longest key in characters, at every door. */
export const MAX_KEY_LENGTH = 256

export const SHOP_ID_PATTERN = '^[a-z0-9][a-z0-9_-]{0,63}$'
