import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldTexts, scanRecord } from '../../training/import/records.ts'

const field = fc.stringMatching(/^[ab",;\n\r é]{0,8}$/)
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const plain = (text: string) => (/["\n\r,]/.test(text) ? quoted(text) : text)
const written = (row: string[], always: boolean) => row.map(always ? quoted : plain).join(',')

function scanAll(text: string) {
  const bytes = Buffer.from(text)
  const records = []
  for (let start = 0; start < bytes.length; ) {
    const record = scanRecord(bytes, start, 44, true)
    if (record === null) throw new Error('a last record must end')
    records.push({ text: bytes.toString('utf8', start, record.end), fields: record.fields, fault: record.fault })
    start = record.next
  }
  return records
}

describe('records of a CSV text', () => {
  it('are the rows that were written, with quotes, delimiters and line breaks in them', () => {
    const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(rows, fc.boolean(), fc.constantFrom('\n', '\r\n'), (table, always, end) => {
        const records = scanAll(table.map((row) => written(row, always) + end).join(''))
        expect(records.map(({ text }) => fieldTexts(text, ','))).toEqual(table)
        expect(records.map(({ fields }) => fields)).toEqual(table.map((row) => row.length))
      }),
      { seed: 11, numRuns: 2000 },
    )
  })

  it('are the same from any piece of the text that holds them whole', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a",\n\r]{0,30}$/), fc.nat(30), (text, cut) => {
        const bytes = Buffer.from(text)
        const whole = bytes.length > 0 ? scanRecord(bytes, 0, 44, true) : null
        const early = scanRecord(bytes.subarray(0, cut), 0, 44, false)
        if (early !== null) expect(early).toEqual(whole)
      }),
      { seed: 12, numRuns: 5000 },
    )
  })

  it('lose one line to a quote that never closes', () => {
    expect(scanAll('1,"open,2\n3,4\n5,"x"y\n6,7')).toEqual([
      { text: '1,"open,2', fields: 0, fault: 'broken quotes' },
      { text: '3,4', fields: 2, fault: null },
      { text: '5,"x"y', fields: 0, fault: 'broken quotes' },
      { text: '6,7', fields: 2, fault: null },
    ])
  })
})
