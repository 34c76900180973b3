/** The SQL files of the import, which stay in the package's training/sql, where Spark can be given them too. */
import { readFile } from 'node:fs/promises'

export function readSql(name: string): Promise<string> {
  return readFile(new URL(`../../../training/sql/${name}.sql`, import.meta.url), 'utf8')
}
