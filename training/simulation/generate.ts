/**
 * The demo shop: the files a merchant would export, from a truth that is known. Equal parameters give equal files;
 * rows are written day by day, so memory holds the shelves, the plan of visits and one day of events.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { planVisits } from './calendar.ts'
import { ITEMS_HEADER, itemRow } from './catalogue.ts'
import { type FaultCounts, faultyCopy, noFaults } from './dirt.ts'
import { EventColumns } from './event-columns.ts'
import { EVENTS_HEADER, forEachEventRow, moneyText } from './event-text.ts'
import { GzipFile } from './gzip-file.ts'
import { demoCampaigns, demoMapping } from './merchant-files.ts'
import type { TruthParameters } from './parameters.ts'
import { drawShopper, emptyShopper, openTruth, shopperKey, type Truth } from './truth.ts'
import { drawVisit, startBrowsing } from './visit.ts'

const SHOPPERS_HEADER = 'shopper,tier,channel\n'

export interface GeneratedShop {
  items: number
  shoppers: number
  visits: number
  /** True rows. */
  events: number
  purchases: number
  /** Faulty rows, written on top of the true ones. */
  faulty: FaultCounts
}

/** Rows or days done, of all. */
export type Progress = (what: 'items' | 'shoppers' | 'days of traffic', done: number, total: number) => void

/** Writes the shop into `folder`. `truth.json` comes last: where it stands, all of them are whole. */
export async function generateShop(
  folder: string,
  parameters: TruthParameters,
  progress: Progress = () => {},
): Promise<GeneratedShop> {
  await mkdir(folder, { recursive: true })
  await rm(join(folder, 'truth.json'), { force: true })
  const truth = openTruth(parameters)
  await writeItems(folder, truth, progress)
  await writeShoppers(folder, truth, progress)
  const events = await writeEvents(folder, truth, progress)
  await writeJson(join(folder, 'campaigns.json'), demoCampaigns(parameters.currency))
  await writeJson(join(folder, 'mapping.json'), demoMapping(parameters.currency))
  await writeJson(join(folder, 'truth.json'), parameters)
  return { items: parameters.items, shoppers: parameters.shoppers, ...events }
}

function writeItems(folder: string, truth: Truth, progress: Progress): Promise<void> {
  const { currency, items } = truth.parameters
  const money = moneyText(currency)
  const tell = (done: number) => progress('items', done, items)
  return writeRows(join(folder, 'items.csv.gz'), ITEMS_HEADER, items, (item) => itemRow(truth, item, money), tell)
}

function writeShoppers(folder: string, truth: Truth, progress: Progress): Promise<void> {
  const { shoppers, tiers, channels } = truth.parameters
  const shopper = emptyShopper(truth)
  const row = (index: number) => {
    drawShopper(truth, index, shopper)
    return `${shopperKey(index)},${tiers[shopper.tier]},${channels[shopper.channel].name}\n`
  }
  const tell = (done: number) => progress('shoppers', done, shoppers)
  return writeRows(join(folder, 'shoppers.csv.gz'), SHOPPERS_HEADER, shoppers, row, tell)
}

const ROWS_PER_WRITE = 2000

async function writeRows(
  path: string,
  header: string,
  rows: number,
  row: (index: number) => string,
  tell: (done: number) => void,
): Promise<void> {
  const file = new GzipFile(path)
  await file.write(header)
  for (let from = 0; from < rows; from += ROWS_PER_WRITE) {
    let text = ''
    for (let index = from; index < Math.min(rows, from + ROWS_PER_WRITE); index++) text += row(index)
    await file.write(text)
    tell(Math.min(rows, from + ROWS_PER_WRITE))
  }
  await file.close()
}

async function writeEvents(
  folder: string,
  truth: Truth,
  progress: Progress,
): Promise<Omit<GeneratedShop, 'items' | 'shoppers'>> {
  const plan = planVisits(truth)
  const browsing = startBrowsing(truth, plan)
  const file = new GzipFile(join(folder, 'events.csv.gz'))
  const money = moneyText(truth.parameters.currency)
  const written = { visits: plan.shopper.length, events: 0, purchases: 0, faulty: noFaults() }
  const day = new EventColumns()
  await file.write(EVENTS_HEADER)
  for (let index = 0; index < truth.days; index++) {
    day.clear()
    for (let visit = plan.dayStart[index]; visit < plan.dayStart[index + 1]; visit++)
      drawVisit(browsing, index, visit, day)
    await file.write(dayText(truth, index, day, money, written))
    progress('days of traffic', index + 1, truth.days)
  }
  await file.close()
  return written
}

interface Written {
  events: number
  purchases: number
  faulty: FaultCounts
}

function dayText(
  truth: Truth,
  day: number,
  rows: EventColumns,
  money: (minor: number) => string,
  written: Written,
): string {
  let text = ''
  forEachEventRow(truth, day, rows, money, (fields) => {
    text += `${fields.join(',')}\n`
    const faulty = faultyCopy(truth.random, truth.parameters.dirt, written.events++, fields, written.faulty)
    if (faulty) text += `${faulty.join(',')}\n`
    if (fields[3] === 'purchase') written.purchases++
  })
  return text
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(`${path}.partial`, `${JSON.stringify(value, null, 2)}\n`)
  await rename(`${path}.partial`, path)
}
