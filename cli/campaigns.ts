/** `offerwright campaigns …`: check a campaign file before it goes live, and list what runs and what is left of it. */
import { existsSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Campaign } from '../core/contract/campaigns.ts'
import { OfferwrightError } from '../core/contract/errors.ts'
import { formatMinor } from '../core/contract/money.ts'
import type { CheckedCampaigns } from '../core/scoring/campaigns/check.ts'
import type { Live } from '../core/scoring/campaigns/compile.ts'
import { codesCommand } from './campaign-codes.ts'
import { EXIT } from './faults.ts'
import { type HomeOptions, type ShopFolders, shopFolders, withHome } from './home.ts'
import { resolveSnapshotId } from './snapshot-id.ts'
import { type ColumnLayout, table } from './table.ts'

interface CampaignsOptions extends HomeOptions {
  snapshot: string
  json?: boolean
}

export function campaignsCommand(): Command {
  return new Command('campaigns')
    .description('check a campaign file, list the campaigns and what is left of them, make codes that are good once')
    .addCommand(
      leaf('check', 'every fault and every doubt of a campaign file', 'offerwright campaigns check next-week.json')
        .argument('[file]', "campaign file; without it the shop's own")
        .action(check),
    )
    .addCommand(leaf('list', 'what runs, and what is left of it', 'offerwright campaigns list').action(list))
    .addCommand(codesCommand())
}

function leaf(name: string, summary: string, example: string): Command {
  return withHome(new Command(name).description(summary))
    .option('--snapshot <id>', 'catalogue to check against: id, the start of one, or `current`', 'current')
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  $ ${example}`)
}

/** Faults end with the exit code of what the caller can mend; warnings do not. */
async function check(named: string | undefined, options: CampaignsOptions): Promise<void> {
  const folders = shopFolders(options)
  const path = named ?? folders.campaigns
  if (!existsSync(path))
    throw new OfferwrightError('not_found', `no campaign file ${path}`, { field: 'file', value: path })
  const checked = await checkedFile(folders, options.snapshot, readFileSync(path, 'utf8'))
  process.stdout.write(`${options.json ? JSON.stringify(checked, null, 2) : told(path, checked)}\n`)
  if (checked.faults.length > 0) process.exitCode = EXIT.refused
}

async function checkedFile(folders: ShopFolders, snapshot: string, text: string): Promise<CheckedCampaigns> {
  const { openCatalogue } = await import('./local-decisions.ts')
  const { checkCampaigns } = await import('../core/scoring/campaigns/check.ts')
  const g = await openCatalogue(folders, await resolveSnapshotId(folders.snapshots, snapshot))
  return checkCampaigns(g, text, Date.now())
}

const FINDINGS: ColumnLayout[] = [{ title: '' }, { title: 'field' }, { title: 'value', maxWidth: 40 }, { title: 'why' }]

function told(path: string, { campaigns, faults, warnings }: CheckedCampaigns): string {
  const rows = [
    ...faults.map(({ field, value, message }) => ['fault', field ?? '', JSON.stringify(value) ?? '', message]),
    ...warnings.map(({ field, value, remedy }) => ['warning', field, JSON.stringify(value) ?? '', remedy]),
  ]
  const sum =
    faults.length > 0
      ? `${path}: refused, ${faults.length} faults`
      : `${path}: ${campaigns} campaigns, no fault, ${warnings.length} warnings`
  return [...(rows.length > 0 ? [...table(FINDINGS, rows), ''] : []), sum].join('\n')
}

interface ListedCampaign {
  id: string
  mechanism: string
  /** State of the file; a live campaign before or after its time is `waiting` or `over`. */
  state: Campaign['state'] | 'waiting' | 'over'
  startsAt: string
  endsAt: string
  budgetMinor: number | null
  remainingMinor: number | null
  remainingUses: number | null
}

async function list(options: CampaignsOptions): Promise<void> {
  const { openLocal, stateOfShop } = await import('./local-decisions.ts')
  const folders = shopFolders(options)
  const shop = await openLocal(folders, await resolveSnapshotId(folders.snapshots, options.snapshot))
  const { remainingMinor, remainingUses } = await stateOfShop(folders, shop)
  const now = Date.now()
  const listed = shop.campaigns.all.map((live) => listedOf(live, remainingMinor, remainingUses, now))
  const { currency } = shop.generation.image.manifest
  process.stdout.write(`${options.json ? JSON.stringify(listed, null, 2) : listing(listed, currency).join('\n')}\n`)
}

function listedOf(live: Live, remainingMinor: Float64Array, remainingUses: Float64Array, now: number): ListedCampaign {
  const { id, mechanism, definition, startsAt, endsAt, position } = live
  const finite = (value: number) => (Number.isFinite(value) ? value : null)
  return {
    id,
    mechanism,
    state: stateAt(live, now),
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    budgetMinor: definition.budgetMinor ?? null,
    remainingMinor: finite(remainingMinor[position]),
    remainingUses: finite(remainingUses[position]),
  }
}

function stateAt({ definition: { state }, startsAt, endsAt }: Live, now: number): ListedCampaign['state'] {
  if (state !== 'live') return state
  return now < startsAt ? 'waiting' : now < endsAt ? 'live' : 'over'
}

const CAMPAIGNS: ColumnLayout[] = [
  { title: 'campaign', maxWidth: 32 },
  { title: 'mechanism' },
  { title: 'state' },
  { title: 'from' },
  { title: 'to' },
  { title: 'budget', align: 'right' },
  { title: 'left', align: 'right' },
  { title: 'uses left', align: 'right' },
]

function listing(listed: ListedCampaign[], currency: string): string[] {
  if (listed.length === 0) return ['no campaigns']
  const money = (minor: number | null) => (minor === null ? '' : formatMinor(minor, currency))
  const minute = (instant: string) => `${instant.slice(0, 16)}Z`
  const rows = listed.map(({ id, mechanism, state, startsAt, endsAt, budgetMinor, remainingMinor, remainingUses }) => [
    id,
    mechanism,
    state,
    minute(startsAt),
    minute(endsAt),
    money(budgetMinor),
    money(remainingMinor),
    remainingUses === null ? '' : String(remainingUses),
  ])
  return table(CAMPAIGNS, rows)
}
