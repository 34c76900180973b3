/**
 * Writes the fixture of the present log format, behind a segment of the text format before it:
 * `node dist/test/compat/make-log-fixture.js`. Made once, by the version that introduces the format, and never again.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LOG_FORMAT_VERSION } from '../../core/store/log/frame.ts'
import { AppendLog } from '../../core/store/log/writer.ts'

const FIXTURE = fileURLToPath(new URL(`../../../test/compat/log-${LOG_FORMAT_VERSION}`, import.meta.url))
const row = (n: number) =>
  JSON.stringify({ v: 1, shop: 'default', kind: 'view', item: `item-${n}`, time: n, receivedAt: n })

await mkdir(FIXTURE, { recursive: true })
await writeFile(join(FIXTURE, 'events-000001.ndjson'), `${row(1)}\n${row(2)}\n`)
for (const rows of [
  [3, 4],
  [5, 6, 7],
]) {
  const kind = { type: 1, schemaVersion: 1, ack: 'durable', onError: () => {} } as const
  const log = await AppendLog.open({ folder: FIXTURE, name: 'events', ...kind })
  for (const n of rows) log.append(Buffer.from(row(n)))
  await log.close()
}
