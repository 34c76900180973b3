/**
 * The shop's campaign file as it stands. A changed file that is valid takes effect with the next batch; an invalid one
 * changes nothing and is reported once. No file: no campaigns.
 */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import { DEFAULT_VALID_MINUTES, isPersonal, isSingleUse } from '../../core/contract/campaigns.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { parseWhen, Zone } from '../../core/scoring/campaigns/windows.ts'
import { writeDurably, writeFully } from '../../core/snapshot/files.ts'
import { CAMPAIGN_SLOTS, type CampaignSlot, limitKey } from '../../core/store/budget-words.ts'
import type { BudgetLedger } from '../../core/store/budgets.ts'
import { NOTHING, type RedemptionTerms } from '../../core/store/ledger/guards.ts'
import { PersonalCodes } from '../../core/store/ledger/personal.ts'
import type { LeasedLimit } from '../ledger/lease-keeper.ts'
import type { PublishedCampaigns } from '../work/messages.ts'
import { type Paced, pacedResources } from './paced.ts'

/** `refusal`: why the file as it lies on the disk does not serve; null where it does. */
type Change = (text: string, revision: string, refusal: OfferwrightError | null) => string

export class LiveCampaigns {
  published!: PublishedCampaigns
  /** What of the live campaigns has a price. */
  paced: Paced[] = []
  /** Of the campaigns whose codes are good once, by id. */
  redemptionTerms: ReadonlyMap<string, RedemptionTerms> = new Map()
  /** Null: no campaign gives any. */
  personalCodes: PersonalCodes | null = null
  /** Limits that other servers use as well: of campaigns whose purchases tell what they used. Empty: none is shared. */
  leased: LeasedLimit[] = []
  refused = 0
  readonly #file: string
  readonly #currency: string
  readonly #budgets: BudgetLedger
  readonly #logger: Logger
  readonly #secret: () => Uint8Array | null
  readonly #isShared: boolean
  #version = ''
  /** Why the file as it lies on the disk does not serve. */
  #refusal: OfferwrightError | null = null
  /** One look or change at a time, so that an old file is never taken over after a newer one. */
  #turn: Promise<void> = Promise.resolve()
  #terms = new Map<string, { endsAt: number; validMs: number }>()

  /**
   * `secret`: of personal codes, asked for when a campaign gives such; null: none are given. `isShared`: what may be given of
   * budgets is leased (`server/ledger/lease-keeper.ts`), and not set here.
   */
  constructor(
    file: string,
    currency: string,
    budgets: BudgetLedger,
    secret: () => Uint8Array | null,
    logger: Logger,
    isShared = false,
  ) {
    this.#file = file
    this.#currency = currency
    this.#budgets = budgets
    this.#secret = secret
    this.#isShared = isShared
    this.#logger = logger
    this.#publish(this.#none())
  }

  /** The file that serves. */
  get text(): string {
    return Buffer.from(this.published.text).toString()
  }

  /** Takes over the file when it has changed since the last look. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look())
  }

  /**
   * Puts what `change` makes of the file in its place, durably, and serves it from the next batch on. Throws what `change`
   * throws, `invalid_campaigns` with every fault, `environment` where the file cannot be written; then nothing changes.
   */
  replace(change: Change): Promise<void> {
    return this.#inTurn(async () => {
      // What was written by hand a moment ago is changed, not written over.
      await this.#look()
      const text = change(this.text, this.published.revision, this.#refusal)
      parseCampaignFile(text, this.#currency)
      try {
        await writeDurably(this.#file, (file) => writeFully(file, Buffer.from(text), 0))
      } catch (error) {
        throw new OfferwrightError('environment', `the campaign file was not written: ${(error as Error).message}`)
      }
      this.#publish(text)
      this.#refusal = null
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #look(): Promise<void> {
    try {
      const version = await versionOf(this.#file)
      if (version === this.#version) return
      this.#version = version
      this.#refusal = null
      this.#publish(version === ABSENT ? this.#none() : await readFile(this.#file, 'utf8'))
    } catch (error) {
      this.refused++
      if (error instanceof OfferwrightError) this.#refusal = handEdited(error)
      const faults = error instanceof OfferwrightError ? error.toJSON().error : { message: String(error) }
      this.#logger.error({ file: this.#file, faults, kept: this.published.revision }, 'campaign file refused')
    }
  }

  /** Whether what a campaign has used is told by redemptions of its codes, and not by purchases. */
  isRedeemed(campaign: string | undefined): boolean {
    return campaign !== undefined && this.redemptionTerms.has(campaign)
  }

  /** Until when an offer of a campaign holds that was decided at `decidedAt`. */
  validUntil(campaign: string, decidedAt: number): number {
    const terms = this.#terms.get(campaign)
    return terms === undefined ? decidedAt : Math.min(terms.endsAt, decidedAt + terms.validMs)
  }

  #none(): string {
    return JSON.stringify({ version: 1, currency: this.#currency, campaigns: [] })
  }

  #publish(text: string): void {
    const revision = createHash('sha256').update(text).digest('hex').slice(0, 16)
    if (revision === this.published?.revision) return
    const file = parseCampaignFile(text, this.#currency)
    const personalCodes = this.#personalCodesOf(file)
    this.#terms = termsOf(file)
    this.personalCodes = personalCodes
    this.leased = this.#isShared ? sharedLimitsOf(file) : []
    this.published = {
      revision,
      text: shared(Buffer.from(text)),
      slots: this.#slotsOf(file),
      returns: this.#returnSlotsOf(file),
      personal: personalCodes?.parts ?? null,
    }
    this.paced = pacedResources(file.campaigns, {
      slotOf: (campaign, slot, limit) => this.#slotOf(campaign, slot, limit),
      returnSlotOf: (campaign) => this.#budgets.returns.slotOf(campaign),
    })
    this.redemptionTerms = redemptionTermsOf(file)
    this.#logger.info({ revision, campaigns: file.campaigns.length }, 'campaigns serving')
  }

  #personalCodesOf({ campaigns }: CampaignFile): PersonalCodes | null {
    const personal = campaigns.filter(isPersonal).map(({ id }) => id)
    const secret = personal.length === 0 ? null : this.#secret()
    return secret === null ? null : new PersonalCodes({ secret, campaigns: personal })
  }

  #returnSlotsOf({ campaigns }: CampaignFile): SharedArrayBuffer {
    const { returns } = this.#budgets
    return shared(
      Int32Array.from(campaigns, ({ id, returnFloorBps }) => (returnFloorBps === undefined ? -1 : returns.slotOf(id))),
    )
  }

  #slotOf(campaign: Campaign, slot: CampaignSlot, limit: number): number {
    const key = limitKey(campaign.id, slot)
    return this.#isShared && !isSingleUse(campaign) ? this.#budgets.slotOf(key) : this.#budgets.setBudget(key, limit)
  }

  #slotsOf({ campaigns }: CampaignFile): SharedArrayBuffer {
    const slots = campaigns.flatMap((campaign) => {
      const limits = limitsOf(campaign)
      return CAMPAIGN_SLOTS.map((slot) => {
        const limit = limits[slot]
        return limit === undefined ? -1 : this.#slotOf(campaign, slot, limit)
      })
    })
    return shared(Int32Array.from(slots))
  }
}

/** Of campaigns with codes the ledger counts redemptions itself. */
function sharedLimitsOf({ campaigns }: CampaignFile): LeasedLimit[] {
  return campaigns
    .filter((campaign) => !isSingleUse(campaign))
    .flatMap((campaign) => {
      const limits = limitsOf(campaign)
      return CAMPAIGN_SLOTS.flatMap((slot): LeasedLimit[] => {
        const limit = limits[slot]
        return limit === undefined ? [] : [{ campaign: campaign.id, slot, limit }]
      })
    })
}

/** Absent: no limit. */
export function limitsOf(campaign: Campaign): Record<CampaignSlot, number | undefined> {
  const { budgetMinor, limits, mechanism } = campaign
  const stock = mechanism === 'time_limited' ? campaign.stockSetAside : undefined
  return { minor: budgetMinor, uses: limits?.total, stock }
}

function handEdited({ message, faults }: OfferwrightError): OfferwrightError {
  return new OfferwrightError('conflict', `the campaign file was changed and is refused: ${message}`, {
    field: 'campaigns',
    faults,
  })
}

const ABSENT = 'absent'

/** Changes whenever the file was replaced or written. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ABSENT
    throw error
  }
}

function termsOf({ campaigns }: CampaignFile) {
  return new Map(
    campaigns.map(({ id, endsAt, zone, validMinutes }) => [
      id,
      {
        endsAt: parseWhen(endsAt, 'endsAt', zone === undefined ? null : new Zone(zone)),
        validMs: (validMinutes ?? DEFAULT_VALID_MINUTES) * 60_000,
      },
    ]),
  )
}

function redemptionTermsOf({ campaigns }: CampaignFile): Map<string, RedemptionTerms> {
  return new Map(
    campaigns.filter(isSingleUse).map(({ id, state, startsAt, endsAt, zone: name, budgetMinor, limits }) => {
      const zone = name === undefined ? null : new Zone(name)
      return [
        id,
        {
          isLive: state === 'live',
          startsAt: parseWhen(startsAt, 'startsAt', zone),
          endsAt: parseWhen(endsAt, 'endsAt', zone),
          budgetMinor: budgetMinor ?? null,
          uses: limits?.total ?? null,
          usesOfShopper: limits?.perShopper ?? null,
          heldBack: NOTHING,
        },
      ]
    }),
  )
}

function shared({ buffer, byteOffset, byteLength }: Uint8Array | Int32Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(byteLength)
  new Uint8Array(memory).set(new Uint8Array(buffer, byteOffset, byteLength))
  return memory
}
