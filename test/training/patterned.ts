import type { Interactions } from '../../training/histories.ts'
import { transpose } from '../../training/sparse.ts'

/** A shop with uneven items and shoppers and groups of taste; the last item is nobody's. */
export function patterned(nShoppers: number, nItems: number): Interactions {
  const rows = Array.from({ length: nShoppers }, (_, u) =>
    Array.from({ length: nItems - 1 }, (_, i) => i).filter((i) => {
      const drawn = Math.imul(u * 8191 + i * 131 + 17, 0x9e3779b1) >>> 20
      return drawn % (u % 3 === i % 3 ? 5 : 17) < (i % 7 === 0 ? 3 : 1)
    }),
  )
  const indptr = Uint32Array.from([0, ...rows.map((_, u) => rows.slice(0, u + 1).flat().length)])
  const indices = Uint32Array.from(rows.flat())
  const data = new Float32Array(indices.length).fill(1)
  const byShopper = { nRows: nShoppers, nCols: nItems, indptr, indices, data }
  const activeShoppers = rows.filter((row) => row.length > 0).length
  return { byShopper, byItem: transpose(byShopper), activeShoppers, cut: 0 }
}
