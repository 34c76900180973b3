/** `offerwright campaigns codes …`: make codes that are good once, and see what has become of them. CSV on standard output. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type Campaign, isSingleUse } from '../core/contract/campaigns.ts'
import { CODE_LENGTH, parsePrefix } from '../core/contract/codes.ts'
import { OfferwrightError } from '../core/contract/errors.ts'
import { MAX_KEY_LENGTH } from '../core/contract/ids.ts'
import { parseJson } from '../core/contract/parse.ts'
import { parseCampaignFile } from '../core/scoring/campaigns/parse.ts'
import { makeCodes } from '../core/store/ledger/codes.ts'
import { openLedger, openLedgerToRead } from '../core/store/ledger/database.ts'
import { CODE_STATES, type CodeState, countCodes, type ListedCode, listCodes } from '../core/store/ledger/listing.ts'
import { type HomeOptions, type ShopFolders, shopFolders, withHome, withLedger } from './home.ts'
import { positive } from './number-options.ts'
import { progressView } from './progress.ts'
import { instant } from './time-options.ts'

interface CodesOptions extends HomeOptions {
  campaign: string
}

interface CreateOptions extends CodesOptions {
  count?: number
  shoppers?: string
  prefix: string
  length: number
  expires?: number
}

interface ListOptions extends CodesOptions {
  state?: CodeState
  json?: boolean
}

export function codesCommand(): Command {
  return new Command('codes')
    .description('codes that are good once, of a coupon with "codes": "single_use"')
    .addCommand(
      ofCampaign(
        'create',
        'make codes and print them as CSV',
        '--campaign welcome --count 1000 --prefix HI > codes.csv',
      )
        .option('--count <n>', 'how many', codeCount)
        .option('--shoppers <file>', 'one code for each shopper key of the file, a line each, and for them alone')
        .option('--prefix <text>', 'begins every code', '')
        .option('--length <n>', 'characters after the prefix', codeLength, CODE_LENGTH.default)
        .option('--expires <instant>', 'good until then (default: as long as the campaign)', instant)
        .action(create),
    )
    .addCommand(
      ofCampaign('list', 'what has become of the codes', '--campaign welcome --state used')
        .addOption(new Option('--state <state>', 'only these').choices(CODE_STATES))
        .option('--json', 'print JSON: the counts and the codes')
        .action(list),
    )
}

function ofCampaign(name: string, summary: string, example: string): Command {
  return withLedger(withHome(new Command(name).description(summary)))
    .requiredOption('--campaign <id>', 'whose codes')
    .addHelpText('after', `\nExample:\n  $ offerwright campaigns codes ${name} ${example}`)
}

/** One order of codes; more are made by calling again. */
const MOST_CODES = 5_000_000

function codeCount(text: string): number {
  const count = positive(text)
  if (count > MOST_CODES) throw new InvalidArgumentError(`At most ${MOST_CODES}.`)
  return count
}

function codeLength(text: string): number {
  const length = positive(text)
  const { least, most } = CODE_LENGTH
  if (length < least || length > most) throw new InvalidArgumentError(`From ${least} to ${most}.`)
  return length
}

/** Codes that were printed are in the ledger; a command that is stopped leaves some that `list` tells. */
async function create(options: CreateOptions): Promise<void> {
  const folders = shopFolders(options)
  const { campaign, length, expires } = options
  refuseOtherCampaign(folders, campaign)
  const wanted = wantedCodes(options)
  const total = typeof wanted === 'number' ? wanted : wanted.length
  const expiresAt = expires ?? null
  const order = { campaign, prefix: parsePrefix(options.prefix), length, expiresAt, for: wanted }
  const ledger = openLedger(folders.ledger)
  const progress = progressView()
  try {
    const chunks = makeCodes(ledger, order, randomInt, Date.now())
    let done = 0
    for await (const made of chunks) {
      if (done === 0) await print('code,campaign,shopper,expires_at\n')
      done += made.length
      await print(made.map(({ code, shopper }) => csv([code, campaign, shopper, timeText(expiresAt)])).join(''))
      progress.show({ stage: 'codes', done, total, message: `${done} of ${total}` })
    }
  } finally {
    progress.end()
    ledger.close()
  }
}

function wantedCodes({ count, shoppers }: CreateOptions): number | string[] {
  if ((count === undefined) === (shoppers === undefined))
    throw new OfferwrightError('missing_field', 'give either --count or --shoppers', { field: 'count' })
  return shoppers === undefined ? (count as number) : shopperKeys(shoppers)
}

function shopperKeys(file: string): string[] {
  if (!existsSync(file)) throw new OfferwrightError('not_found', `no file ${file}`, { field: 'shoppers', value: file })
  const keys = readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '')
  if (keys.length === 0)
    throw new OfferwrightError('invalid_data', `no shopper in ${file}`, { field: 'shoppers', value: file })
  keys.forEach((key, i) => {
    if (key.length > MAX_KEY_LENGTH)
      throw new OfferwrightError('invalid_data', `${file}:${i + 1}: longer than ${MAX_KEY_LENGTH} characters`, {
        field: 'shoppers',
        value: key,
      })
  })
  return keys
}

async function list(options: ListOptions): Promise<void> {
  const { campaign, state, json } = options
  const ledger = openLedgerToRead(shopFolders(options).ledger)
  const now = Date.now()
  const counts = ledger === null ? { unused: 0, reserved: 0, used: 0, expired: 0 } : countCodes(ledger, campaign, now)
  const codes = ledger === null ? [] : listCodes(ledger, campaign, now)
  if (json) await printJson(counts, wanted(codes, state))
  else {
    await print('code,state,shopper,expires_at,redemption,discount_minor,redeemed_at\n')
    for (const listed of wanted(codes, state)) await print(row(listed))
    process.stderr.write(`${CODE_STATES.map((name) => `${counts[name]} ${name}`).join(', ')}\n`)
  }
  ledger?.close()
}

function* wanted(codes: Iterable<ListedCode>, state: CodeState | undefined): Generator<ListedCode> {
  for (const listed of codes) if (state === undefined || listed.state === state) yield listed
}

function row({ code, state, shopper, expiresAt, redemption, discountMinor, redeemedAt }: ListedCode): string {
  const discount = discountMinor === null ? null : String(discountMinor)
  return csv([code, state, shopper, timeText(expiresAt), redemption, discount, timeText(redeemedAt)])
}

async function printJson(counts: Record<CodeState, number>, codes: Iterable<ListedCode>): Promise<void> {
  await print(`{"counts":${JSON.stringify(counts)},"codes":[`)
  let separator = '\n'
  for (const listed of codes) {
    await print(separator + JSON.stringify(listed))
    separator = ',\n'
  }
  await print('\n]}\n')
}

/** Codes of a campaign that does not take them would be good for nothing. The file's other faults are `check`'s to tell. */
function refuseOtherCampaign({ campaigns: path }: ShopFolders, id: string): void {
  const campaigns = existsSync(path) ? campaignsOf(readFileSync(path, 'utf8')) : []
  const campaign = campaigns.find((each) => each.id === id)
  const where = { field: 'campaign', value: id }
  if (campaign === undefined) throw new OfferwrightError('not_found', `no campaign ${id} in ${path}`, where)
  if (!isSingleUse(campaign))
    throw new OfferwrightError('conflict', `campaign ${id} has no codes of its own: add "codes": "single_use"`, where)
}

function campaignsOf(text: string): Campaign[] {
  const file = parseJson(text, 'campaigns') as { currency?: string } | null
  return parseCampaignFile(text, file?.currency ?? '').campaigns
}

function timeText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}

function csv(cells: (string | null)[]): string {
  return `${cells.map((cell) => quoted(cell ?? '')).join(',')}\n`
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** Waits for a reader that is slower. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
