/** The rows of a log, as they stand in it. */
import { readLog } from '../../core/store/log/reader.ts'
import { AppendLog } from '../../core/store/log/writer.ts'

export async function logRows(folder: string, name: string): Promise<string[]> {
  const rows: string[] = []
  await readLog(folder, name, ({ text }) => void rows.push(text))
  return rows
}

/** A row that no server of ours writes, behind the others. */
export async function logForeignRow(folder: string, name: string, row: string): Promise<void> {
  const ignored = { type: 1, schemaVersion: 1, ack: 'durable', onError: () => {} } as const
  const log = await AppendLog.open({ folder, name, ...ignored })
  log.append(Buffer.from(row))
  await log.close()
}
