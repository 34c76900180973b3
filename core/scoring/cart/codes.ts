/** Codes that a shopper typed in: which of them a campaign goes by, and what came of each. */
import type { KnownCode } from '../../contract/codes.ts'
import type { LiveShopperColumns } from '../../contract/live.ts'
import type { QuotedCode, RefusedPromotion } from '../../contract/quotes.ts'
import type { CompiledCampaigns, Live } from '../campaigns/compile.ts'

export interface TypedCodes {
  typed: ReadonlySet<string>
  /** Those of them that are good once, as the shop's ledger knows them. */
  known: readonly KnownCode[]
}

/** The code that a campaign of codes that are good once goes by: the first that is good, else the first; null: none. */
export function counting({ known }: TypedCodes, { id, isSingleUse }: Live): KnownCode | null {
  if (!isSingleUse) return null
  const own = known.filter(({ campaign }) => campaign === id)
  return own.find(({ refusal }) => refusal === null) ?? own[0] ?? null
}

/** What is held back of a campaign's limits for the shopper's own offers of it, which its personal code may use. */
export function heldBackFor(shopper: LiveShopperColumns, { hash, isPersonal }: Live): { uses: number; minor: number } {
  const held = { uses: 0, minor: 0 }
  for (let i = 0; isPersonal && i < shopper.nOffers; i++)
    if (shopper.offerCampaigns[i] === hash) {
      held.uses++
      held.minor += shopper.offerMinor[i]
    }
  return held
}

/** In the order in which they were typed. `refused`: why campaigns did not count. */
export function quotedCodes(
  { all }: CompiledCampaigns,
  { typed, known }: TypedCodes,
  refused: RefusedPromotion[],
): QuotedCode[] {
  const reasonOf = (id: string) => refused.find(({ campaign }) => campaign === id)?.reason ?? null
  return [...typed].map((code): QuotedCode => {
    const shared = all.find((live) => live.code === code && live.definition.state !== 'ended')
    if (shared !== undefined) return { code, campaign: shared.id, reason: reasonOf(shared.id) }
    const own = known.find((each) => each.typed === code)
    const live = all.find(({ id, isSingleUse }) => isSingleUse && id === own?.campaign)
    if (own === undefined || live === undefined) return { code, campaign: null, reason: 'code_unknown' }
    const isCounting = counting({ typed, known }, live) === own
    return { code, campaign: live.id, reason: own.refusal ?? (isCounting ? reasonOf(live.id) : 'code_not_needed') }
  })
}
