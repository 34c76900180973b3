import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, NO_INDEX, quoteName, quoteText, readColumns } from '../../training/duckdb.ts'

describe('columns of a Parquet file', () => {
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offerwright-columns-'))
    file = join(folder, "it's.parquet")
    const db = await Database.open({ threads: 2 })
    await db.run(`COPY (
      SELECT CAST(CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS UINTEGER) AS "odd ""name",
             1700000000000 + i AS time_ms,
             CASE WHEN i % 2 = 0 THEN NULL ELSE 'k' || i END AS key,
             i % 2 = 0 AS even
      FROM range(300000) AS r(i) ORDER BY i
    ) TO ${quoteText(file)} (FORMAT parquet, ROW_GROUP_SIZE 20000)`)
    db.close()
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('keeps the row order over many row groups and marks NULL', async () => {
    const columns = await readColumns(file, { 'odd "name': 'u32', time_ms: 'f64', key: 'text', even: 'u8' })
    expect(columns.time_ms).toHaveLength(300_000)
    expect(columns['odd "name'].every((value, i) => value === (i % 3 === 0 ? NO_INDEX : i))).toBe(true)
    expect(columns.time_ms.every((value, i) => value === 1_700_000_000_000 + i)).toBe(true)
    expect(columns.key.every((value, i) => value === (i % 2 === 0 ? null : `k${i}`))).toBe(true)
    expect([...columns.even.subarray(0, 3)]).toEqual([1, 0, 1])
  })

  it('names the file when a column is not there', async () => {
    await expect(readColumns(file, { nothing: 'u32' })).rejects.toMatchObject({ code: 'invalid_data', value: file })
  })

  it('quotes names and texts so that nothing ends them early', () => {
    expect(quoteName('a"; DROP TABLE t; --')).toBe('"a""; DROP TABLE t; --"')
    expect(quoteText("a'; DROP TABLE t; --")).toBe("'a''; DROP TABLE t; --'")
  })
})
