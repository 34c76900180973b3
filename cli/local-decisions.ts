/**
 * Decisions without a server: the same snapshot, the same live state and the same scorer, pinned in this process.
 * Nothing is reserved or logged, so any number of requests meets one state.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { DecideAnswer } from '../core/contract/answers.ts'
import type { CampaignFile } from '../core/contract/campaigns.ts'
import type { SnapshotId } from '../core/contract/ids.ts'
import type { QuoteAnswer, QuoteRequest } from '../core/contract/quotes.ts'
import type { DecideRequest } from '../core/contract/requests.ts'
import { answerOf } from '../core/scoring/answer.ts'
import { type CompiledCampaigns, compileCampaigns } from '../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../core/scoring/campaigns/parse.ts'
import { quote } from '../core/scoring/cart/quote.ts'
import { fillLiveCatalogue } from '../core/scoring/catalogue.ts'
import { decide } from '../core/scoring/decide.ts'
import { type Generation, liveCatalogueOf, openGeneration, reserveBytes } from '../core/scoring/generation.ts'
import { itemKeyOf } from '../core/scoring/keys.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { snapshotFolder } from '../core/snapshot/store.ts'
import { stringAt } from '../core/snapshot/strings.ts'
import { tablesOf } from '../core/snapshot/tables.ts'
import { CodeReader } from '../core/store/ledger/codes.ts'
import { PersonalCodes, readSecret } from '../core/store/ledger/personal.ts'
import { requestOf, SCHEMAS, timeOf } from '../server/work/asked.ts'
import type { ShopFolders } from './home.ts'
import { freshState, type LiveState, stateOfLogs, stateOfRow } from './live-state.ts'

export class LocalDecisions {
  readonly #generation: Generation
  readonly #campaigns: CompiledCampaigns
  readonly #state: LiveState
  readonly #codes: CodeReader
  readonly #personal: PersonalCodes | null

  private constructor(generation: Generation, campaigns: CompiledCampaigns, state: LiveState, ledger: string) {
    this.#generation = generation
    this.#campaigns = campaigns
    this.#state = state
    this.#codes = new CodeReader(ledger)
    const secret = readSecret(ledger)
    const ids = campaigns.all.filter(({ isPersonal }) => isPersonal).map(({ id }) => id)
    this.#personal = secret === null || ids.length === 0 ? null : new PersonalCodes({ secret, campaigns: ids })
  }

  /** `rowFile`: a row of the decision log, whose live state is used instead of the shop's own. */
  static async open(folders: ShopFolders, id: SnapshotId, rowFile?: string): Promise<LocalDecisions> {
    const shop = await openLocal(folders, id)
    const state = rowFile === undefined ? await stateOfShop(folders, shop) : stateOfRow(shop.file, rowFile)
    return new LocalDecisions(shop.generation, shop.campaigns, state, folders.ledger)
  }

  /** Answers a request in JSON, as `POST /v1/decide` does for a trusted caller. `now`: milliseconds since 1970. */
  decide(text: string, now: number): DecideAnswer {
    const request = requestOf<DecideRequest>(SCHEMAS.decide, text)
    const time = timeOf(request.time, true, now)
    const decision = decide(this.#generation, {
      request,
      time,
      live: this.#state.readLive(request, time),
      campaigns: this.#campaigns,
      remainingMinor: this.#state.remainingMinor,
      remainingUses: this.#state.remainingUses,
      dualPrices: this.#state.dualPrices,
      codeOf: this.#personal?.ofSubject(request),
    })
    return answerOf(this.#generation, decision)
  }

  /** Prices a cart, as `POST /v1/quote` does for a trusted caller. */
  quote(text: string, now: number): QuoteAnswer {
    const request = requestOf<QuoteRequest>(SCHEMAS.quote, text)
    const time = timeOf(request.time, true, now)
    const { remainingMinor, remainingUses } = this.#state
    const live = this.#state.readLive(request, time)
    return quote(this.#generation, {
      request,
      time,
      live,
      campaigns: this.#campaigns,
      knownCodes: this.#codes.known(request, time, this.#personal),
      remainingMinor,
      remainingUses,
    })
  }

  /** Shoppers with at least `least` items of history, in key order; `newest` is the newest of those items. */
  *shoppersWithHistory(least: number): Generator<{ shopper: string; newest: string }> {
    const { keysBytes, keysOffsets, historyIndptr, historyItems } = this.#generation.tables.shoppers
    for (let s = 0; s + 1 < historyIndptr.view.length; s++) {
      const first = historyIndptr.view[s]
      if (historyIndptr.view[s + 1] - first < least) continue
      yield {
        shopper: stringAt(keysBytes.view, keysOffsets.view, s),
        newest: itemKeyOf(this.#generation, historyItems.view[first]),
      }
    }
  }
}

/** A shop that was never served has no logs. */
export function stateOfShop(folders: ShopFolders, shop: LocalShop): Promise<LiveState> | LiveState {
  return existsSync(folders.log) ? stateOfLogs(folders, shop) : freshState(shop)
}

export interface LocalShop {
  generation: Generation
  file: CampaignFile
  campaigns: CompiledCampaigns
}

/** A snapshot with the catalogue as it was published, and the campaign file as it stands. */
export async function openLocal(folders: ShopFolders, id: SnapshotId): Promise<LocalShop> {
  const generation = await openCatalogue(folders, id)
  const { file, revision } = readCampaigns(folders, generation.image.manifest.currency)
  return { generation, file, campaigns: compileCampaigns(generation, file, revision) }
}

export async function openCatalogue(folders: ShopFolders, id: SnapshotId): Promise<Generation> {
  const image = await openSnapshot(snapshotFolder(folders.snapshots, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  return openGeneration(image, 0)
}

function readCampaigns({ campaigns }: ShopFolders, currency: string): { file: CampaignFile; revision: string } {
  const none = JSON.stringify({ version: 1, currency, campaigns: [] })
  const text = existsSync(campaigns) ? readFileSync(campaigns, 'utf8') : none
  const revision = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return { file: parseCampaignFile(text, currency), revision }
}
