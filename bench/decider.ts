/** One opened snapshot with campaigns, deciding in this process: what the HTTP server does without the server. */

import type { DecideAnswer } from '../core/contract/answers.ts'
import type { CampaignFile } from '../core/contract/campaigns.ts'
import { emptyLiveShopper } from '../core/contract/live.ts'
import type { DecideRequest } from '../core/contract/requests.ts'
import { answerOf, answerText } from '../core/scoring/answer.ts'
import { type CompiledCampaigns, compileCampaigns } from '../core/scoring/campaigns/compile.ts'
import { fillLiveCatalogue } from '../core/scoring/catalogue.ts'
import { type Decision, decide } from '../core/scoring/decide.ts'
import { type DualPrices, noPrices } from '../core/scoring/dual-prices.ts'
import { type Generation, openGeneration, reserveBytes } from '../core/scoring/generation.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { historyOf } from './naive-ranking.ts'
import { coverageOf, faultOf } from './oracle.ts'
import type { AskedShop } from './request-pool.ts'

/** Of the answers that the oracle was shown, those whose ranking and whose offers it covers. */
export interface OracleCheck {
  answers: number
  rankings: number
  offers: number
  /** Means of a request: items of the history that score, and entries of their item-item and content rows. */
  historyItems: number
  rowEntries: number
}

export class Decider {
  readonly generation: Generation
  readonly #shop: AskedShop
  readonly #file: CampaignFile
  readonly #campaigns: CompiledCampaigns
  readonly #live = emptyLiveShopper()
  readonly #remainingMinor: Float64Array
  readonly #remainingUses: Float64Array
  readonly #dualPrices: DualPrices

  private constructor(shop: AskedShop, generation: Generation, file: CampaignFile, revision: string) {
    this.generation = generation
    this.#shop = shop
    this.#file = file
    this.#campaigns = compileCampaigns(generation, file, revision)
    this.#remainingMinor = Float64Array.from(
      file.campaigns,
      ({ budgetMinor }) => budgetMinor ?? Number.POSITIVE_INFINITY,
    )
    this.#remainingUses = new Float64Array(file.campaigns.length).fill(Number.POSITIVE_INFINITY)
    this.#dualPrices = noPrices(file.campaigns.length)
  }

  static async open(shop: AskedShop, campaigns: CampaignFile, revision = 'bench'): Promise<Decider> {
    const image = await openSnapshot(shop.folder, {
      expectedId: shop.id,
      reserveBytes: (segment) => reserveBytes(segment, 1),
    })
    const generation = openGeneration(image, 0)
    fillLiveCatalogue(generation.live, generation.tables)
    return new Decider(shop, generation, campaigns, revision)
  }

  decide(request: DecideRequest): Decision {
    return decide(this.generation, {
      request,
      time: this.#shop.time,
      live: this.#live,
      campaigns: this.#campaigns,
      remainingMinor: this.#remainingMinor,
      remainingUses: this.#remainingUses,
      dualPrices: this.#dualPrices,
    })
  }

  answer(request: DecideRequest): DecideAnswer {
    return answerOf(this.generation, this.decide(request))
  }

  /** As the server writes it. */
  answerText(request: DecideRequest): string {
    return answerText(this.generation, this.decide(request))
  }

  /** Throws with what the naive oracle finds wrong in the answers to these requests. */
  check(requests: DecideRequest[]): OracleCheck {
    const { time, items } = this.#shop
    const { similarity, content } = this.generation.tables
    const answers = requests.length
    const check: OracleCheck = { answers, rankings: 0, offers: 0, historyItems: 0, rowEntries: 0 }
    for (const request of requests) {
      const fault = faultOf(this.generation, this.#file, request, this.answer(request), time)
      if (fault !== null) throw new Error(`wrong answer at ${items} items: ${fault}; ${JSON.stringify(request)}`)
      const covered = coverageOf(this.generation, request, time)
      check.rankings += Number(covered.ranking)
      check.offers += Number(covered.offers)
      const { items: history } = historyOf(this.generation, request, time)
      check.historyItems += history.length / answers
      for (const { item } of history)
        check.rowEntries += (rowLength(similarity, item) + (content ? rowLength(content, item) : 0)) / answers
    }
    return check
  }
}

const rowLength = ({ indptr }: Pick<Generation['tables']['similarity'], 'indptr'>, item: number) =>
  indptr.view[item + 1] - indptr.view[item]
