/**
 * The ledger's tables, as Kysely knows them and as SQLite lays them out.
 *
 *   ledger        the secret that personal codes are computed from, the ledger's clock, the next epoch of a lease
 *   codes         which code is of which batch, and who alone may use it
 *   redemptions   by the caller's id; a code is held by one of them at a time
 *   reversals     what was taken back of a redemption, by the caller's id
 *   accounts      what lies where of each limit of each campaign
 *   movements     what went from one account to another, and why; never changed, never deleted
 *   leases        which life of which server may use an account of its own until when
 */
import type { Generated, Selectable } from 'kysely'

export const FORMAT = 2

export interface LedgerTables {
  ledger: LedgerRow
  batches: BatchRow
  codes: { code: string; batch: number; shopper: string | null }
  redemptions: RedemptionTable
  reversals: ReversalRow
  accounts: AccountRow
  movements: MovementRow
  leases: LeaseRow
}

export interface LedgerRow {
  secret: Uint8Array
  clock_ms: Generated<number>
  watch: Generated<string>
  watch_ms: Generated<number>
  epoch: Generated<number>
}

export interface BatchRow {
  id: Generated<number>
  campaign: string
  prefix: string
  expires_at: number | null
  created_at: number
  count: number
  is_personal: Generated<number>
}

/** Times of redemptions are the caller's, in milliseconds since 1970; `expires_ms` alone is of the ledger's clock. */
export interface RedemptionTable {
  id: string
  code: string
  campaign: string
  subject: string | null
  order_key: string | null
  discount_minor: number
  state: RedemptionState
  redeemed_at: number
  /** As it was asked for; null: confirmed at once. */
  expires_in_minutes: number | null
  expires_ms: number | null
  confirmed_at: number | null
  reversed_minor: Generated<number>
  /** 1 while nobody else may use the code. */
  holds_code: number
}

export type RedemptionRow = Selectable<RedemptionTable>

export const REDEMPTION_STATES = ['reserved', 'confirmed', 'expired', 'reversed'] as const
export type RedemptionState = (typeof REDEMPTION_STATES)[number]

export interface ReversalRow {
  redemption: string
  id: string
  amount_minor: number
  /** Left of the redemption after it. */
  left_minor: number
  reopens_code: number
  reversed_at: number
  /** As it was asked for; null: all that was left. */
  asked_minor: number | null
}

export interface AccountRow {
  id: Generated<number>
  campaign: string
  slot: string
  place: string
  holder: string
  balance: number
}

/** `at`: of the ledger's clock. `cause`: the redemption, the server or the campaign file that it was for. */
export interface MovementRow {
  id: Generated<number>
  at: number
  kind: string
  source: number
  target: number
  amount: number
  cause: string
}

export interface LeaseRow {
  holder: string
  epoch: number
  expires_ms: number
  /** Until when offers that the holder gave may be used. */
  held_until_ms: number
}

const CODES = `
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, prefix TEXT NOT NULL, expires_at INTEGER, created_at INTEGER NOT NULL,
  count INTEGER NOT NULL, is_personal INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE codes (
  code TEXT PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches (id), shopper TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_of_batch ON codes (batch);
`

const BOOKS = `
CREATE TABLE redemptions (
  id TEXT PRIMARY KEY, code TEXT NOT NULL REFERENCES codes (code), campaign TEXT NOT NULL, subject TEXT, order_key TEXT,
  discount_minor INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('reserved', 'confirmed', 'expired', 'reversed')),
  redeemed_at INTEGER NOT NULL, expires_in_minutes INTEGER, expires_ms INTEGER, confirmed_at INTEGER,
  reversed_minor INTEGER NOT NULL DEFAULT 0 CHECK (reversed_minor BETWEEN 0 AND discount_minor), holds_code INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX redemption_of_code ON redemptions (code) WHERE holds_code = 1;
CREATE INDEX redemptions_of_subject ON redemptions (campaign, subject);
CREATE INDEX reservations ON redemptions (expires_ms) WHERE state = 'reserved';
CREATE TABLE reversals (
  redemption TEXT NOT NULL REFERENCES redemptions (id), id TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  left_minor INTEGER NOT NULL, reopens_code INTEGER NOT NULL, reversed_at INTEGER NOT NULL, asked_minor INTEGER,
  PRIMARY KEY (redemption, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, slot TEXT NOT NULL, place TEXT NOT NULL, holder TEXT NOT NULL,
  balance INTEGER NOT NULL CHECK (balance >= 0 OR place IN ('issued', 'available')), UNIQUE (campaign, slot, place, holder)
) STRICT;
CREATE TABLE movements (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, source INTEGER NOT NULL REFERENCES accounts (id),
  target INTEGER NOT NULL REFERENCES accounts (id), amount INTEGER NOT NULL CHECK (amount > 0), cause TEXT NOT NULL
) STRICT;
CREATE TABLE leases (
  holder TEXT NOT NULL, epoch INTEGER NOT NULL, expires_ms INTEGER NOT NULL, held_until_ms INTEGER NOT NULL,
  PRIMARY KEY (holder, epoch)
) STRICT, WITHOUT ROWID;
`

const CLOCK = [
  'clock_ms INTEGER NOT NULL DEFAULT 0',
  "watch TEXT NOT NULL DEFAULT ''",
  'watch_ms INTEGER NOT NULL DEFAULT 0',
  'epoch INTEGER NOT NULL DEFAULT 0',
]

/** Of a file that has nothing in it. */
export const LAY_OUT = `
CREATE TABLE ledger (secret BLOB NOT NULL, ${CLOCK.join(', ')}) STRICT;
${CODES}
${BOOKS}
PRAGMA user_version = ${FORMAT};
`

/** Format 1 knew redemptions that were final at once, and sums of them; each becomes a movement. */
export const FROM_FORMAT_1 = `
${CLOCK.map((column) => `ALTER TABLE ledger ADD COLUMN ${column};`).join('\n')}
ALTER TABLE redemptions RENAME TO redemptions_1;
DROP INDEX redemptions_of_subject;
${BOOKS}
INSERT INTO redemptions
  SELECT id, code, campaign, subject, order_key, discount_minor, 'confirmed', redeemed_at, NULL, NULL, redeemed_at, 0, 1
  FROM redemptions_1;
DROP TABLE redemptions_1;
DROP TABLE spent;
INSERT INTO accounts (campaign, slot, place, holder, balance)
  SELECT campaign, 'uses', 'issued', '', -count(*) FROM redemptions GROUP BY campaign
  UNION ALL SELECT campaign, 'uses', 'spent', '', count(*) FROM redemptions GROUP BY campaign
  UNION ALL SELECT campaign, 'minor', 'issued', '', -sum(discount_minor) FROM redemptions GROUP BY campaign
  UNION ALL SELECT campaign, 'minor', 'spent', '', sum(discount_minor) FROM redemptions GROUP BY campaign;
INSERT INTO movements (at, kind, source, target, amount, cause)
  SELECT 0, 'confirmed', i.id, s.id, CASE i.slot WHEN 'uses' THEN 1 ELSE r.discount_minor END, r.id
  FROM redemptions r
  JOIN accounts i ON i.campaign = r.campaign AND i.place = 'issued'
  JOIN accounts s ON s.campaign = r.campaign AND s.place = 'spent' AND s.slot = i.slot
  WHERE i.slot = 'uses' OR r.discount_minor > 0
  ORDER BY r.redeemed_at, r.id, i.slot;
PRAGMA user_version = ${FORMAT};
`
