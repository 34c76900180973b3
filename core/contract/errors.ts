/**
 * Every refusal of bad input, at any door (HTTP, CLI, CSV, snapshot, log), is an `OfferwrightError`:
 * a stable code, and where they exist the field and the value that were refused.
 */

/** Stable codes and the HTTP status each answers with. A code never changes its meaning. */
export const ERROR_STATUS = {
  invalid_json: 400,
  invalid_type: 400,
  invalid_value: 400,
  unknown_field: 400,
  missing_field: 400,
  currency_mismatch: 400,
  time_not_trusted: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  unknown_shop: 404,
  unknown_item: 404,
  unknown_attribute: 404,
  unknown_snapshot: 404,
  method_not_allowed: 405,
  conflict: 409,
  gate_failed: 409,
  code_unknown: 404,
  code_used: 409,
  code_reserved: 409,
  code_expired: 409,
  redemption_expired: 409,
  campaign_not_live: 409,
  limit_reached: 409,
  budget_exhausted: 409,
  body_too_large: 413,
  snapshot_corrupt: 422,
  snapshot_unsupported: 422,
  snapshot_signature: 422,
  snapshot_too_large: 422,
  internal: 500,
  overloaded: 503,
  deadline_exceeded: 503,
  not_ready: 503,
  log_unavailable: 503,
  disk_full: 503,
  log_corrupt: 422,
  invalid_campaigns: 422,
  invalid_mapping: 422,
  invalid_data: 422,
  environment: 500,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

/** One fault: where, what was there, and what to do about it. */
export interface Fault {
  code: ErrorCode
  message: string
  /** Path of the refused field, `slots` or `cart[2].quantity`. */
  field?: string
  /** The refused value, shortened to 200 characters when it is long. */
  value?: unknown
}

export class OfferwrightError extends Error {
  override readonly name = 'OfferwrightError'
  readonly code: ErrorCode
  readonly field?: string
  readonly value?: unknown
  /** All faults of a document that is checked as a whole. */
  readonly faults?: Fault[]

  constructor(code: ErrorCode, message: string, where: { field?: string; value?: unknown; faults?: Fault[] } = {}) {
    super(message)
    this.code = code
    if (where.field !== undefined) this.field = where.field
    if ('value' in where) this.value = shortened(where.value)
    if (where.faults !== undefined)
      this.faults = where.faults.map((fault) =>
        'value' in fault ? { ...fault, value: shortened(fault.value) } : fault,
      )
  }

  get status(): number {
    return ERROR_STATUS[this.code]
  }

  /** The wire form: `{"error":{"code","message","field","value","faults"}}`, of which the last three may be absent. */
  toJSON(): { error: Fault & { faults?: Fault[] } } {
    const error: Fault & { faults?: Fault[] } = { code: this.code, message: this.message }
    if (this.field !== undefined) error.field = this.field
    if (this.value !== undefined) error.value = this.value
    if (this.faults !== undefined) error.faults = this.faults
    return { error }
  }
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 200 ? `${value.slice(0, 200)}…` : value
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value
  if (nestsDeeper(value, DEEPEST_TOLD)) return TOO_DEEP
  const text = JSON.stringify(value)
  return text !== undefined && text.length > 200 ? `${text.slice(0, 200)}…` : value
}

const DEEPEST_TOLD = 100
const TOO_DEEP = `nested more than ${DEEPEST_TOLD} levels deep`

/** JSON of any value of a request. `JSON.stringify` recurses, so hostile nesting is not written but named. */
export function jsonText(value: unknown): string | undefined {
  return nestsDeeper(value, DEEPEST_TOLD) ? TOO_DEEP : JSON.stringify(value)
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false
  return levels === 0 || Object.values(value).some((part) => nestsDeeper(part, levels - 1))
}
