import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { EventTable } from '../../training/dataset.ts'
import { readDataset } from '../../training/dataset.ts'
import { openHeldOut } from '../../training/held-out.ts'
import { historiesOf } from '../../training/histories.ts'
import { STAN_IDF, USER_BASED, VMIS } from '../../training/neighbours/models.ts'
import { lastEvents, peerTables } from '../../training/neighbours/peer-tables.ts'
import { newestPostings, sessionTables } from '../../training/neighbours/session-tables.ts'
import { type Visits, visitsOf, withoutLongest } from '../../training/neighbours/visits.ts'
import { TRAINING_DEFAULTS, trainingParameters } from '../../training/parameters.ts'
import { train } from '../../training/train.ts'
import { key, type SmallEvent, tableOf, temporaryFolder, writeData } from './small-shop.ts'

const MINUTE_MS = 60_000
const GAP_MS = 30 * MINUTE_MS
const ITEMS = 6
const SHOPPERS = 4
const SEEDED = { seed: 20_111_112, numRuns: 200 }
const { eventWeights } = TRAINING_DEFAULTS

const events = fc
  .array(
    fc.record({
      shopper: fc.option(fc.nat(SHOPPERS - 1), { nil: null }),
      item: fc.nat(ITEMS - 1),
      kind: fc.constantFrom('view' as const, 'purchase' as const, 'shown' as const),
      minutes: fc.nat(300),
    }),
    { maxLength: 40 },
  )
  .map((list) => tableOf(list.map(({ minutes, ...event }): SmallEvent => ({ ...event, timeMs: minutes * MINUTE_MS }))))

function rowsOf({ indptr, items }: Visits): number[][] {
  return Array.from({ length: indptr.length - 1 }, (_, v) => [...items.subarray(indptr[v], indptr[v + 1])])
}

function visitsFrom(rows: number[][]): Visits {
  const indptr = new Uint32Array(rows.length + 1)
  rows.forEach((row, v) => {
    indptr[v + 1] = indptr[v] + row.length
  })
  return { indptr, items: Uint32Array.from(rows.flat()) }
}

/** One shopper at a time, one event at a time. */
function naiveVisits(table: EventTable, gapMs: number): number[][] {
  const visits: { last: number; items: number[] }[] = []
  for (let shopper = 0; shopper < SHOPPERS; shopper++) {
    const own: { last: number; items: number[] }[] = []
    for (let e = 0; e < table.length; e++) {
      if (table.shopper[e] !== shopper || table.kind[e] === EVENT_KINDS.indexOf('shown')) continue
      const before = own.at(-1)
      const goesOn = before !== undefined && table.timeMs[e] - table.timeMs[before.last] <= gapMs
      const visit = goesOn ? before : { last: e, items: [] }
      if (!goesOn) own.push(visit)
      visit.last = e
      visit.items = [table.item[e], ...visit.items.filter((item) => item !== table.item[e])]
    }
    visits.push(...own)
  }
  return visits.sort((a, b) => b.last - a.last).map(({ items }) => items)
}

describe('visits', () => {
  it('are the events of a shopper without a gap, newest first, as a naive walk finds them', () => {
    fc.assert(
      fc.property(events, (table) => {
        const visits = visitsOf(table, { items: ITEMS, shoppers: SHOPPERS }, eventWeights, GAP_MS)
        expect(rowsOf(visits)).toEqual(naiveVisits(table, GAP_MS))
      }),
      SEEDED,
    )
  })

  it('end after the gap and not at it', () => {
    const at = (minutes: number, item: number): SmallEvent => ({
      shopper: 0,
      item,
      kind: 'view',
      timeMs: minutes * MINUTE_MS,
    })
    const table = tableOf([at(0, 1), at(30, 2), at(61, 3)])
    expect(rowsOf(visitsOf(table, { items: 4, shoppers: 1 }, eventWeights, GAP_MS))).toEqual([[3], [2, 1]])
  })

  it('that are longer than nearly all take no part', () => {
    const rows = [[1], [2, 3], [1, 2, 3, 4, 5], [4], [5]]
    expect(rowsOf(withoutLongest(visitsFrom(rows), 0.8))).toEqual([[1], [2, 3], [4], [5]])
    expect(rowsOf(withoutLongest(visitsFrom(rows), 1))).toEqual(rows)
  })
})

describe('the sessions section', () => {
  const visits = visitsFrom([[1, 0], [0, 2], [0]])

  it('finds each item in its newest visits only', () => {
    const { indptr, rows } = newestPostings(visits, 4, 2)
    expect([...indptr]).toEqual([0, 2, 3, 4, 4])
    expect([...rows]).toEqual([0, 1, 0, 1])
  })

  it('weighs visits by age and length and items by their idf', () => {
    const model = { ...STAN_IDF, recency: 0.5, lengthPower: 1, matchIdf: 2, scale: { plain: 1, idf: 3 } }
    const tables = sessionTables(visits, 4, model)
    const [often, once] = [Math.log(5 / 3), Math.log(5)].map(Math.fround)
    expect([...tables.row_weight]).toEqual([1 / 2, Math.exp(-2 / 3) / 2, Math.exp(-4 / 3)].map(Math.fround))
    expect(tables.item_data).toEqual(Float32Array.of(...[often, often, often, once, once].map((x) => x ** 2)))
    expect(tables.item_scale).toEqual(Float32Array.of(1 + 3 * often, 1 + 3 * once, 1 + 3 * once, 1))
  })

  it('leaves out what would be all 1', () => {
    const tables = sessionTables(visits, 4, { ...VMIS, scale: { plain: 1, idf: 0 } })
    expect([tables.row_weight.length, tables.item_data.length, tables.item_scale.length]).toEqual([0, 0, 0])
  })
})

describe('the peers section', () => {
  it('keeps the shoppers with the newest events of an item that many hold', () => {
    const on = (shopper: number, item: number, timeMs: number): SmallEvent => ({ shopper, item, kind: 'view', timeMs })
    const table = tableOf([on(0, 0, 1), on(1, 0, 2), on(2, 0, 3), on(3, 0, 4), on(1, 1, 5)])
    const counts = { items: ITEMS, shoppers: SHOPPERS }
    const histories = historiesOf(table, counts, eventWeights, null)
    const tables = peerTables(histories, ITEMS, eventWeights, lastEvents(table, SHOPPERS), 2)
    expect([...tables.item_rows]).toEqual([1, 3, 1])
    expect([...tables.row_items]).toEqual([0, 1, 0, 0, 0])
  })

  it('makes the sum of products a cosine', () => {
    fc.assert(
      fc.property(events, (table) => {
        const counts = { items: ITEMS, shoppers: SHOPPERS }
        const histories = historiesOf(table, counts, eventWeights, null)
        const { row_indptr, row_data, row_weight } = peerTables(
          histories,
          ITEMS,
          eventWeights,
          lastEvents(table, SHOPPERS),
          1000,
        )
        for (let v = 0; v < SHOPPERS; v++) {
          const row = [...row_data.subarray(row_indptr[v], row_indptr[v + 1])]
          const withItself = row.reduce((sum, r) => sum + r * r, 0) * row_weight[v] ** 2
          expect(withItself).toBeCloseTo(row.length === 0 ? 0 : 1, 5)
        }
      }),
      SEEDED,
    )
  })
})

describe('stages of neighbourhoods', () => {
  /** Who looks at an even item looks at the next even one a minute later; odd ones likewise. */
  const walks = Array.from({ length: 400 }, (_, n): SmallEvent => {
    const visit = n >> 2
    const item = ((visit * 2 + (n & 3) * 2) % 20) + (visit % 2)
    return { shopper: visit % 30, item, kind: 'view', timeMs: visit * 3_600_000 + (n & 3) * MINUTE_MS }
  })
  const blend = { rows: 0, content: 0, sessions: 1, peers: 0.5, links: 0, vectors: 0, popular: 0, trends: 0, rhythm: 0 }
  const asked = { sessions: STAN_IDF, peers: USER_BASED, blend: { known: blend, session: blend } }

  it('are served as they were trained', async () => {
    const folder = await temporaryFolder()
    await writeData(
      join(folder, 'data'),
      Array.from({ length: 20 }, () => ({})),
      30,
      walks,
    )
    const dataset = await readDataset(join(folder, 'data'), null)
    const g = await openHeldOut(dataset, trainingParameters(asked), join(folder, 'model'))
    const { items } = recommend(g, { history: [{ item: key('i', 4) }], slots: 3 }, emptyLiveShopper())
    expect(items.map(({ reasons }) => reasons[0].code)).toEqual(Array(3).fill('similar_visits'))
    expect(items.every(({ item }) => Number(item.replace(/\D/g, '')) % 2 === 0)).toBe(true)
  })

  it('leave nothing where they are not asked for, not even what an earlier run left', async () => {
    const folder = await temporaryFolder()
    const [data, sections] = [join(folder, 'data'), join(folder, 'sections')]
    await writeData(
      data,
      Array.from({ length: 20 }, () => ({})),
      30,
      walks,
    )
    const left = () => ['sessions.safetensors', 'peers.safetensors'].map((file) => existsSync(join(sections, file)))
    await train({ data, sections, parameters: trainingParameters(asked) })
    expect(left()).toEqual([true, true])
    await train({ data, sections, parameters: trainingParameters() })
    expect(left()).toEqual([false, false])
  })
})
