/**
 * The import stage: a merchant's files and their mapping in; items, shoppers, events, a data-quality report and the
 * rejected rows out. The same files give the same bytes, on any number of threads.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { DEFAULT_SHOP } from '../../core/contract/ids.ts'
import { Database, quoteText } from '../duckdb.ts'
import { checkPatterns } from './check-patterns.ts'
import { logSources } from './log-sources.ts'
import { type Mapping, readMapping } from './mapping.ts'
import { measureQuality, type Quality, type RowsRead } from './quality.ts'
import { readSql } from './sql.ts'
import { stageEvents, stageItems, stageLinks, stageShoppers } from './stage.ts'

export interface Progress {
  stage: string
  done: number
  total: number
  message: string
}
export type OnProgress = (progress: Progress) => void

export interface ImportOptions {
  /** Path of the mapping file. */
  mapping: string
  /** Folder to make; one that is there is replaced as a whole. */
  out: string
  onProgress?: OnProgress
  /** Default: the machine's cores. */
  threads?: number
  /** Default: `default`. */
  shop?: string
  /** Folder of the shop's logs, whose events are read too. */
  log?: string
}

export interface Dataset {
  version: 1
  shop: string
  currency: string
  /** Time of the newest event, milliseconds since 1970. */
  watermark: number
  items: number
  shoppers: number
  events: number
  purchases: number
}

/** Throws `invalid_mapping` or `invalid_data`; then nothing is left behind and an earlier result stands. */
export async function importData(options: ImportOptions): Promise<{ dataset: Dataset; quality: Quality }> {
  const onProgress = options.onProgress ?? (() => {})
  const read = await readMapping(options.mapping)
  const out = resolve(options.out)
  await mkdir(dirname(out), { recursive: true })
  const folder = await besides(out, 'new')
  const work = await besides(out, 'work')
  const db = await Database.open({ threads: options.threads, tempFolder: join(work, 'spill') })
  try {
    await checkPatterns(db, read)
    const logged = options.log === undefined ? [] : await logSources(db, options.log, work)
    const mapping = { ...read, events: [...read.events, ...logged] }
    const rows = await stage(db, mapping, work, onProgress)
    await relate(db, mapping, onProgress)
    const quality = await measureQuality(db, mapping, rows)
    const dataset = describe(options.shop ?? DEFAULT_SHOP, mapping, quality)
    await write(db, mapping, folder, dataset, quality, onProgress)
    await replaceFolder(out, folder)
    return { dataset, quality }
  } finally {
    db.close()
    await Promise.all([folder, work].map((path) => rm(path, { recursive: true, force: true })))
  }
}

/** A folder on the same file system, so that a rename is enough to put it in place. */
async function besides(out: string, purpose: string): Promise<string> {
  const folder = `${out}.${purpose}-${randomUUID()}`
  await mkdir(folder)
  return folder
}

async function stage(db: Database, mapping: Mapping, workFolder: string, onProgress: OnProgress): Promise<RowsRead> {
  for (const script of ['unit-price', 'staging']) await db.run(await readSql(script))
  const rows: RowsRead = { events: 0, items: null, links: null, shoppers: null }
  const placed = (number: number, field: string, file: string) => ({
    number,
    field,
    workFolder,
    onBytes: (done: number, total: number) => onProgress({ stage: 'read', done, total, message: basename(file) }),
  })
  for (const [number, source] of mapping.events.entries())
    rows.events += await stageEvents(db, mapping, source, placed(number, `events[${number}]`, source.file))
  if (mapping.items)
    rows.items = await stageItems(
      db,
      mapping,
      mapping.items,
      placed(mapping.events.length, 'items', mapping.items.file),
    )
  if (mapping.links)
    rows.links = await stageLinks(db, mapping.links, placed(mapping.events.length + 1, 'links', mapping.links.file))
  if (mapping.shoppers)
    rows.shoppers = await stageShoppers(
      db,
      mapping.shoppers,
      placed(mapping.events.length + 2, 'shoppers', mapping.shoppers.file),
    )
  return rows
}

async function relate(db: Database, mapping: Mapping, onProgress: OnProgress): Promise<void> {
  await db.run(
    `CREATE TABLE settings AS SELECT CAST(${mapping.costShare ?? 'NULL'} AS DOUBLE) AS cost_share,
      ${quoteText(mapping.derivedPrice)} AS derived_price, CAST(${mapping.assumedPriceMinor ?? 'NULL'} AS BIGINT) AS assumed_price`,
  )
  const catalogue = mapping.items ? ['file-catalogue', 'item-rejects'] : ['derive-catalogue']
  const steps = [
    'judge-events',
    'repeats',
    'reverse-cancellations',
    'candidate-events',
    'attribute-faults',
    ...catalogue,
    'items',
    ...(hasAttributes(mapping) ? ['attributes'] : []),
    'judge-shoppers',
    'shoppers',
    'events',
    'rejects',
    ...(mapping.shoppers ? ['traits'] : []),
    ...(mapping.links ? ['links'] : []),
  ]
  for (const [done, step] of steps.entries()) {
    onProgress({ stage: 'relate', done, total: steps.length, message: step })
    await db.run(await readSql(step))
  }
}

function hasAttributes({ items }: Mapping): boolean {
  return Object.keys(items?.attributes ?? {}).length > 0
}

function describe(shop: string, mapping: Mapping, quality: Quality): Dataset {
  if (quality.time === null) {
    const why = quality.rejectReasons.map(({ column, reason, lines }) => `${column} ${reason}: ${lines}`).join('; ')
    throw new OfferwrightError(
      'invalid_data',
      `no event is left of ${quality.rows.read} rows (${why || 'see the rules of the mapping'})`,
      {
        field: 'events',
        value: 0,
      },
    )
  }
  const { items, shoppers, purchases } = quality.distinct
  return {
    version: 1,
    shop,
    currency: mapping.currency,
    watermark: quality.time.max,
    items,
    shoppers,
    events: quality.rows.events,
    purchases,
  }
}

const REJECTS = `SELECT f.file, r.line, r.column_name AS "column", r.reason, r.value
  FROM rejects r JOIN source_files f ON f.source = r.source ORDER BY r.source, r.line`

async function write(
  db: Database,
  mapping: Mapping,
  folder: string,
  dataset: Dataset,
  quality: Quality,
  onProgress: OnProgress,
): Promise<void> {
  await db.run('SET threads = 1')
  const tables = [
    'items',
    'shoppers',
    'events',
    ...(hasAttributes(mapping) ? ['attributes'] : []),
    ...(mapping.links ? ['links'] : []),
    ...(mapping.shoppers ? ['traits'] : []),
  ]
  for (const [done, table] of tables.entries()) {
    onProgress({ stage: 'write', done, total: tables.length, message: `${table}.parquet` })
    await db.run(`COPY ${table} TO ${quoteText(join(folder, `${table}.parquet`))} (FORMAT parquet, COMPRESSION zstd)`)
  }
  await db.run(`COPY (${REJECTS}) TO ${quoteText(join(folder, 'rejects.csv'))} (FORMAT csv, HEADER)`)
  await writeFile(join(folder, 'quality.json'), `${JSON.stringify(quality, null, 2)}\n`)
  await writeFile(join(folder, 'dataset.json'), `${JSON.stringify(dataset, null, 2)}\n`)
  onProgress({ stage: 'write', done: tables.length, total: tables.length, message: 'done' })
}

/** A folder cannot be renamed over one with files in it: the old one steps aside first. */
export async function replaceFolder(out: string, folder: string): Promise<void> {
  const aside = `${folder}.old`
  const had = await rename(out, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  await rename(folder, out)
  if (had) await rm(aside, { recursive: true })
}
