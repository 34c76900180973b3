/** `offerwright quote`: what a server would ask for a cart, as a receipt. */
import { Command } from 'commander'
import { formatMinor } from '../core/contract/money.ts'
import type { QuoteAnswer, QuoteRequest, RefusedPromotion } from '../core/contract/quotes.ts'
import type { CartLine } from '../core/contract/requests.ts'
import { commaSeparated, parseCart } from './cart-option.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { wholeNumber } from './number-options.ts'
import { resolveSnapshotId } from './snapshot-id.ts'
import { type ColumnLayout, table } from './table.ts'

interface QuoteOptions extends HomeOptions {
  cart: CartLine[]
  shopper?: string
  session?: string
  code?: string[]
  traits?: string[]
  channel?: string
  shipping?: number
  time?: string
  json?: boolean
  snapshot: string
}

export function quoteCommand(): Command {
  return withHome(new Command('quote'))
    .description('price a cart under the campaigns as they stand, without a server')
    .requiredOption('--cart <item:quantity,…>', 'what is in the cart', parseCart)
    .option('--shopper <key>', 'whose cart it is; offers they hold count')
    .option('--session <key>', 'visit of a shopper who is not known')
    .option('--code <code,…>', 'codes that were typed in', commaSeparated)
    .option('--traits <name=value,…>', 'what is known of the shopper', commaSeparated)
    .option('--channel <name>', 'where they buy')
    .option('--shipping <minor>', 'what shipping costs them, in minor units', wholeNumber)
    .option('--time <instant>', 'as of then, ISO 8601 with offset (default: now)')
    .option('--json', 'print the very bytes a server would answer')
    .option('--snapshot <id>', 'id, the start of one, or `current`', 'current')
    .addHelpText('after', '\nExample:\n  $ offerwright quote --cart p0000001:2,p0000002 --code DEMO --shipping 395')
    .action(async (options: QuoteOptions) => {
      const { LocalDecisions } = await import('./local-decisions.ts')
      const folders = shopFolders(options)
      const shop = await LocalDecisions.open(folders, await resolveSnapshotId(folders.snapshots, options.snapshot))
      const answer = shop.quote(JSON.stringify(requestOf(options)), Date.now())
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : `${receipt(answer).join('\n')}\n`)
    })
}

function requestOf({ cart, shopper, session, code, traits, channel, shipping, time }: QuoteOptions): QuoteRequest {
  return { cart, shopper, session, codes: code, traits, channel, shippingMinor: shipping, time }
}

const LINES: ColumnLayout[] = [
  { title: 'item', maxWidth: 32 },
  { title: 'units', align: 'right' },
  { title: 'price', align: 'right' },
  { title: 'list', align: 'right' },
  { title: 'off', align: 'right' },
  { title: 'to pay', align: 'right' },
]

function receipt(answer: QuoteAnswer): string[] {
  const money = (minor: number) => formatMinor(minor, answer.currency)
  const lines = answer.lines.map(({ item, quantity, priceMinor, listMinor, discountMinor, netMinor }) => [
    item,
    String(quantity),
    money(priceMinor),
    money(listMinor),
    discountMinor === 0 ? '' : `−${money(discountMinor)}`,
    money(netMinor),
  ])
  return [
    ...table(LINES, lines),
    '',
    ...answer.promotions.map(({ campaign, discountMinor, notGivenMinor, limitedBy }) => {
      const limited = limitedBy === null ? '' : `, ${money(notGivenMinor)} more but for ${LIMITS[limitedBy]}`
      return `−${money(discountMinor)} ${campaign}${limited}`
    }),
    ...answer.refused.map((refused) => `  ${refused.campaign}: ${refusal(refused, money)}`),
    '',
    `Shipping ${money(answer.shippingMinor)}; ${answer.currency} ${money(answer.totalMinor)} to pay`,
  ]
}

const LIMITS = { margin_floor: 'the margin floor', total_cap: 'the cap on a cart' }

const REFUSED: Record<RefusedPromotion['reason'], string> = {
  not_live: 'does not run now',
  outside_hours: 'not at this hour',
  not_personal: 'only for who agreed to be known',
  holdout: 'shopper is in the hold-out',
  audience: 'not for this shopper',
  limit_reached: 'used as often as allowed',
  code_missing: 'needs its code',
  code_used: 'its code was used',
  code_reserved: 'its code is for another shopper',
  code_expired: 'its code is over',
  not_offered: 'counts when it is offered',
  no_item: 'nothing in the cart that it is for',
  minimum_spend: 'cart is too small',
  below_threshold: 'threshold is not reached',
  margin_floor: 'margin would be too thin',
  budget_exhausted: 'budget used up',
  group_taken: 'another promotion of its group counts',
  total_cap: 'cart has its largest discount',
}

function refusal({ reason, missingMinor, rewardMinor }: RefusedPromotion, money: (minor: number) => string): string {
  if (missingMinor === undefined) return REFUSED[reason]
  return `${money(missingMinor)} more${rewardMinor === undefined ? '' : ` for ${money(rewardMinor)} off`}`
}
