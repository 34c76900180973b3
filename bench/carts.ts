/**
 * Does the engine price carts as a literal reading of the rules does? Random campaign files and carts over a made-up shop,
 * each compared unit by unit (`cart-oracle.ts`); and how long the engine takes for a cart.
 */

import { fillLiveCatalogue } from '../core/scoring/catalogue.ts'
import { openGeneration, reserveBytes } from '../core/scoring/generation.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { compare, priceOne, randomCampaigns, randomCart } from './cart-oracle.ts'
import { Random } from './random.ts'
import { publishedShop } from './shop/publish.ts'

export interface CartsBench {
  carts: number
  items: number
  seed: number
}

export interface CartsReport {
  bench: 'carts'
  compared: number
  unequal: number
  piercedFloors: number
  firstUnequal: string | null
  engineMicros: number
}

/** Carts priced under one campaign file before the next is drawn. */
const CARTS_A_FILE = 4

export async function benchCarts(
  { carts, items, seed }: CartsBench,
  say: (line: string) => void,
): Promise<CartsReport> {
  const shop = await publishedShop({ items, shoppers: 10, seed }, say)
  const image = await openSnapshot(shop.folder, {
    expectedId: shop.id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  const g = openGeneration(image, 0)
  fillLiveCatalogue(g.live, g.tables)
  const random = new Random(seed)
  const report: CartsReport = {
    bench: 'carts',
    compared: 0,
    unequal: 0,
    piercedFloors: 0,
    firstUnequal: null,
    engineMicros: 0,
  }
  let micros = 0
  for (let cart = 0; cart < carts; cart += CARTS_A_FILE) {
    const file = randomCampaigns(random, g)
    for (let c = 0; c < CARTS_A_FILE && cart + c < carts; c++) {
      const request = randomCart(random, g)
      const from = performance.now()
      const answer = priceOne(g, file, request)
      micros += 1000 * (performance.now() - from)
      const fault = compare(g, file, request, answer)
      report.compared++
      if (fault === null) continue
      if (fault.includes('pierced')) report.piercedFloors++
      else report.unequal++
      report.firstUnequal ??= `${fault}; ${JSON.stringify({ file, request })}`
    }
    if (cart % 50_000 < CARTS_A_FILE) say(`${report.compared} of ${carts} carts`)
  }
  return { ...report, engineMicros: micros / report.compared }
}

export function renderCarts({ compared, unequal, piercedFloors, firstUnequal, engineMicros }: CartsReport): string {
  return [
    `carts: ${compared.toLocaleString('en')} random carts × campaigns against a literal reading of the rules`,
    `${unequal} unequal, ${piercedFloors} floors pierced; ${engineMicros.toFixed(1)} µs a cart with its campaigns compiled`,
    ...(firstUnequal === null ? [] : [firstUnequal]),
  ].join('\n')
}
