/** The rows of a log, as they stand in it. */
import { readLog } from '../../core/store/log/reader.ts'

export async function logRows(folder: string, name: string): Promise<string[]> {
  const rows: string[] = []
  await readLog(folder, name, ({ text }) => void rows.push(text))
  return rows
}
