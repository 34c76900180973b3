/** Sessions as a merchant's file of views, read by the import that reads a shop's: each session is a shopper of its own. */
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Dataset, readDataset } from '../dataset.ts'
import { importData } from '../import/import.ts'
import type { OnProgress } from '../progress.ts'
import type { Session } from './session-files.ts'

export async function importSessions(
  sessions: Session[],
  folder: string,
  onProgress: OnProgress,
): Promise<{ dataset: Dataset; rejected: number }> {
  const file = join(folder, 'views.csv')
  await pipeline(Readable.from(rowsOf(sessions)), createWriteStream(file))
  const mapping = join(folder, 'mapping.json')
  await writeFile(mapping, JSON.stringify(mappingOf(file)))
  const data = join(folder, 'data')
  const { quality } = await importData({ mapping, out: data, onProgress })
  return { dataset: await readDataset(data, null), rejected: quality.rows.rejected }
}

/** Prices are assumed: nothing of this asks what a thing costs. */
function mappingOf(file: string) {
  return {
    version: 1,
    currency: 'EUR',
    assumedPriceMinor: 100,
    events: [
      {
        file,
        kind: 'view',
        columns: { shopper: 'session', item: 'item', time: 'time' },
        time: { format: 'epoch_ms' },
      },
    ],
  }
}

function* rowsOf(sessions: Session[]): Generator<string> {
  yield 'session,item,time\n'
  for (const [n, { items, timesMs }] of sessions.entries())
    yield items.map((item, at) => `s${n},${quoted(item)},${timesMs[at]}\n`).join('')
}

function quoted(key: string): string {
  return /[",]/.test(key) ? `"${key.replaceAll('"', '""')}"` : key
}
