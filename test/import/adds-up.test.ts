import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEFT_OUT } from '../../training/import/quality.ts'
import { HEADER, purchases, shopFiles } from './shop-files.ts'

const piece = fc.constantFrom(
  'a',
  'C',
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  ' ',
  '7',
  '-',
  '.',
  '2024-01-01',
  'é',
  '\u0000',
  '|',
  '\\',
  "'",
)
const noise = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const field = fc.oneof(noise, fc.constantFrom('1', '-1', '0', '2.50', 'x'))
const line = fc.oneof(
  noise,
  fc.tuple(field, fc.constantFrom('2024-01-01', 'never'), field, field, field, field).map((fields) => fields.join(',')),
)

describe('whatever is in a file', () => {
  it('every row becomes an event, falls in one category, or is rejected on a line of its own', async () => {
    const shop = await shopFiles()
    const property = fc.asyncProperty(fc.array(line, { maxLength: 25 }), async (lines) => {
      await shop.write('sales.csv', `${HEADER}z,2024-01-01,z,1,1,1\n${lines.join('\n')}`)
      const mapping = purchases('sales.csv', {
        cancellations: [{ column: 'order', startsWith: 'C' }],
        notGoods: [{ column: 'item', equals: 'x' }],
      })
      const { quality, events } = await shop.import(mapping)
      const { rows, leftOut } = quality
      const left = LEFT_OUT.reduce((sum, category) => sum + leftOut[category].lines, 0)
      expect(rows.events + rows.rejected + left).toBe(rows.read)
      expect(rows.events).toBe(events.length)
      expect(quality.rejectReasons.reduce((sum, { lines }) => sum + lines, 0)).toBe(rows.rejected)
    })
    await fc.assert(property, { seed: 31, numRuns: 12 }).finally(shop.remove)
  })
})
