import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readColumns } from '../../training/evaluation/column-table.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-columns-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, name.endsWith('.gz') ? gzipSync(text) : text)
  return file
}

describe('a table read by the names of its columns', () => {
  it('keeps the rows in order, whatever stands in the cells', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${i},"a, ""b"" ${i % 3}",${i / 4}`)
    const table = await readColumns(await fileOf('t.csv.gz', `n,name,quarter\n${rows.join('\n')}\n`), [
      'quarter',
      'name',
    ])
    expect(table.nRows).toBe(5000)
    expect(table.numbers('quarter')).toEqual(Float64Array.from({ length: 5000 }, (_, i) => i / 4))
    expect(table.texts('name').slice(0, 4)).toEqual(['a, "b" 0', 'a, "b" 1', 'a, "b" 2', 'a, "b" 0'])
    expect(table.coded('name').values).toHaveLength(3)
  })

  it('reads an empty cell as an empty text, which is no number', async () => {
    const table = await readColumns(await fileOf('gap.csv', 'a,b\n1,x\n,y\n3,\n'), ['a', 'b'])
    expect(table.texts('b')).toEqual(['x', 'y', ''])
    expect(() => table.numbers('a')).toThrow(
      expect.objectContaining({
        code: 'invalid_data',
        field: 'a',
        value: '',
        message: expect.stringContaining('row 2'),
      }),
    )
  })

  it.each(['abc', 'NaN', 'Infinity', '0x10', '1,5', '1e999'])('refuses %s as a number', async (text) => {
    const table = await readColumns(await fileOf('bad.csv', `a;b\n1;1\n2;"${text}"\n`), ['b'])
    expect(() => table.numbers('b')).toThrow(expect.objectContaining({ code: 'invalid_data', field: 'b', value: text }))
  })

  it('names the columns there are when one is missing', async () => {
    const file = await fileOf('two.csv', 'a,b\n1,2\n')
    await expect(readColumns(file, ['a', 'c'])).rejects.toMatchObject({
      code: 'invalid_value',
      value: 'c',
      message: 'unknown column: c (columns: a, b)',
    })
  })

  it.each([
    ['empty.csv', ''],
    ['header.csv', 'a,b\n'],
    ['broken.csv.gz', 'not gzip'],
    ['ragged.csv', 'a,b\n1,2\n1,2,3,4\n'],
  ])('refuses %s', async (name, text) => {
    const file = join(folder, name)
    await writeFile(file, text)
    await expect(readColumns(file, ['a'])).rejects.toMatchObject({
      code: expect.stringMatching(/^invalid_/),
      field: expect.anything(),
    })
  })

  it('refuses a file that is not there', async () => {
    await expect(readColumns(join(folder, 'none.csv'), ['a'])).rejects.toMatchObject({
      code: 'invalid_data',
      field: 'data',
    })
  })
})
