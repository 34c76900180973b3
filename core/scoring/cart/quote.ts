/**
 * A cart's price under the campaigns of the shop: who may have what, which of it counts together, and what each unit pays.
 *
 *   rows → entitled → grouped → stacked → lines
 */
import type { KnownCode } from '../../contract/codes.ts'
import { OfferwrightError } from '../../contract/errors.ts'
import type { LiveShopperColumns } from '../../contract/live.ts'
import type {
  QuoteAnswer,
  QuotedLine,
  QuotedUnits,
  QuoteRequest,
  Refusal,
  RefusedPromotion,
} from '../../contract/quotes.ts'
import type { CartLine } from '../../contract/requests.ts'
import { type CompiledCampaigns, type Live, levelOf } from '../campaigns/compile.ts'
import { refuseUnknown } from '../decide.ts'
import type { Generation } from '../generation.ts'
import { isHeldOut } from '../identity.ts'
import { itemIndexOf, shopperIndexOf, subjectOf } from '../keys.ts'
import type { GuardState } from '../offers/guards.ts'
import { heldBackFor, quotedCodes, type TypedCodes } from './codes.ts'
import { entitlement } from './entitled.ts'
import { capOf, type Entitled, qualifies } from './promotion.ts'
import { copyOf, listOf, netOf, type Row, rowsOf, type UnitGroup } from './rows.ts'
import { applyMember, discountOf, groupsOf, type Stacked, type Stacking, stack } from './stack.ts'

export interface QuoteArguments {
  request: QuoteRequest
  /** Milliseconds since 1970. */
  time: number
  live: LiveShopperColumns
  campaigns: CompiledCampaigns
  /** As in `DecideArguments`. */
  remainingMinor: Float64Array
  remainingUses: Float64Array
  /** Of the codes that were typed in, those that are good once, as they stand. */
  knownCodes: readonly KnownCode[]
}

export function quote(g: Generation, args: QuoteArguments): QuoteAnswer {
  const { request, time, campaigns, remainingMinor } = args
  refuseUnknown(g, request)
  request.cart.forEach((line, i) => {
    if (line.priceMinor === undefined && itemIndexOf(g, line.item) < 0)
      throw new OfferwrightError('unknown_item', `unknown item: ${line.item} (give its priceMinor)`, {
        field: `cart[${i}].item`,
        value: line.item,
      })
  })
  const rows = rowsOf(g, request.cart)
  const guards = guardsOf(g, args)
  const { policy } = campaigns
  const barred = barredAltogether(g, args, guards.subject)
  const codes: TypedCodes = { typed: new Set(request.codes), known: args.knownCodes }
  const { entitled, refused } = entitlement(g, campaigns, guards, rows, codes, barred)
  const stacking: Stacking = {
    policy,
    remainingMinor: (campaign) => remainingMinor[campaign.position] + heldBackFor(args.live, campaign).minor,
  }
  const cart: Stacked = {
    rows: copyOf(rows),
    shippingMinor: request.shippingMinor ?? 0,
    capMinor: capOf(rows, policy.maxDiscountBps),
    applied: [],
  }
  const priced = stack(stacking, groupsOf(entitled), cart)
  const notCounting: RefusedPromotion[] = [
    ...refused.map(({ live, reason }) => ({ campaign: live.id, reason })),
    ...entitled.filter((each) => !isApplied(priced, each.live)).map((each) => whyNot(stacking, each, priced)),
  ]
  return {
    snapshot: g.image.id,
    shop: g.image.manifest.shop,
    time,
    currency: g.image.manifest.currency,
    campaignRevision: campaigns.revision,
    lines: linesOf(g, request.cart, priced.rows),
    promotions: priced.applied.map(({ campaign: { id, mechanism }, ...rest }) => ({
      campaign: id,
      mechanism,
      ...rest,
    })),
    refused: notCounting,
    codes: quotedCodes(campaigns, codes, notCounting),
    listMinor: listOf(rows),
    discountMinor: discountOf(priced),
    shippingMinor: priced.shippingMinor,
    totalMinor: netOf(priced.rows) + priced.shippingMinor,
  }
}

function guardsOf(g: Generation, { request, time, live, campaigns, remainingMinor, remainingUses }: QuoteArguments) {
  const shopper = request.shopper === undefined ? -1 : shopperIndexOf(g, request.shopper)
  const guards: GuardState = {
    time,
    subject: subjectOf(request),
    shopper,
    toldTraits: request.traits,
    channel: request.channel,
    live,
    policy: campaigns.policy,
    remainingMinor,
    remainingUses,
    offerRoom: Number.POSITIVE_INFINITY,
    givesCodes: true,
    spent: { budgets: [], uses: [] },
  }
  return guards
}

/** Where prices are the same for all, everybody gets what there is. */
function barredAltogether(
  g: Generation,
  { request, campaigns }: QuoteArguments,
  subject: string | null,
): Refusal | null {
  const { prices, holdoutBps } = campaigns.policy
  if (prices === 'same_for_all') return null
  if (request.personalise === false) return 'not_personal'
  return isHeldOut(g, subject, holdoutBps) ? 'holdout' : null
}

function isApplied({ applied }: Stacked, live: Live): boolean {
  return applied.some(({ campaign }) => campaign === live)
}

/** What would come of a campaign that did not count, on the cart as it came out. */
function whyNot(stacking: Stacking, each: Entitled, priced: Stacked): RefusedPromotion {
  const { id: campaign, definition } = each.live
  const level = levelOf(definition)
  const outcome = applyMember(stacking, level, each, { ...priced, rows: copyOf(priced.rows) })
  if (typeof outcome !== 'string') return { campaign, reason: 'group_taken' }
  const refused: RefusedPromotion = { campaign, reason: outcome }
  if (outcome !== 'below_threshold' && outcome !== 'minimum_spend') return refused
  const net = netOf(priced.rows.filter((row) => qualifies(each, row)))
  return { ...refused, ...missingFor(each, net) }
}

function missingFor({ live: { definition }, heldTier }: Entitled, net: number) {
  if (heldTier !== null) return { missingMinor: heldTier.thresholdMinor - net, rewardMinor: heldTier.rewardMinor }
  if (definition.mechanism === 'spend_threshold') {
    const [tier] = [...definition.ladder].sort((a, b) => a.thresholdMinor - b.thresholdMinor)
    return { missingMinor: tier.thresholdMinor - net, rewardMinor: tier.rewardMinor }
  }
  return 'minimumSpendMinor' in definition ? { missingMinor: (definition.minimumSpendMinor ?? 0) - net } : {}
}

/** The units of each row dealt out to the lines that it was made of, dearest first. */
function linesOf(g: Generation, cart: CartLine[], rows: Row[]): QuotedLine[] {
  const left = new Map(rows.map((row) => [row, row.groups.map((group) => ({ ...group }))]))
  return cart.map(({ item, quantity = 1, priceMinor }) => {
    const index = itemIndexOf(g, item)
    const price = priceMinor ?? g.live.priceMinor[index]
    const row = rows.find((candidate) => candidate.key === item && candidate.priceMinor === price) as Row
    const units = dealt(left.get(row) as UnitGroup[], quantity)
    const netMinor = units.reduce((sum, group) => sum + group.units * group.netMinor, 0)
    const listMinor = price * quantity
    return { item, quantity, priceMinor: price, listMinor, discountMinor: listMinor - netMinor, netMinor, units }
  })
}

function dealt(groups: UnitGroup[], quantity: number): QuotedUnits[] {
  let wanted = quantity
  const units: QuotedUnits[] = []
  for (const group of groups) {
    const some = Math.min(wanted, group.units)
    group.units -= some
    wanted -= some
    const last = units.at(-1)
    if (some > 0 && last?.netMinor === group.netMinor) last.units += some
    else if (some > 0) units.push({ units: some, netMinor: group.netMinor })
  }
  return units
}
