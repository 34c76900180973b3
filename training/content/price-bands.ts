/** Where an item's price stands among its category's: 0, the cheapest, to `BANDS` − 1. Equal prices share a band. */
const BANDS = 5

/** Items without a category stand among each other. band = ⌊BANDS · (items of the category that are cheaper) / items⌋. */
export function priceBands(categories: (string | null)[], priceMinor: Int32Array): Uint8Array {
  const bands = new Uint8Array(priceMinor.length)
  for (const items of byCategory(categories).values()) {
    items.sort((a, b) => priceMinor[a] - priceMinor[b])
    let cheaper = 0
    items.forEach((item, rank) => {
      if (rank > 0 && priceMinor[item] > priceMinor[items[rank - 1]]) cheaper = rank
      bands[item] = Math.floor((BANDS * cheaper) / items.length)
    })
  }
  return bands
}

function byCategory(categories: (string | null)[]): Map<string | null, number[]> {
  const found = new Map<string | null, number[]>()
  categories.forEach((category, item) => {
    const items = found.get(category)
    if (items === undefined) found.set(category, [item])
    else items.push(item)
  })
  return found
}
