/**
 * The demo shop's shelves: words for the titles, and what is true of each category.
 * Price in minor units (median of its items), margin in basis points of that price, `elasticity` of the odds of buying
 * (negative), `cycleDays` until a consumable is used up (0: not a consumable), `peakWeek` of its season.
 */
type Row = [
  name: string,
  noun: string,
  kinds: string,
  priceMinor: number,
  marginBps: number,
  elasticity: number,
  cycleDays: number,
  peakWeek: number,
]

const ROWS: Row[] = [
  ['Mugs', 'mug', 'ceramic enamel glass stoneware', 1199, 5500, -5.2, 0, 47],
  ['Tea towels', 'tea towel', 'cotton linen striped checked', 899, 6000, -4.6, 0, 48],
  ['Plates', 'plate', 'ceramic bamboo stoneware porcelain', 1499, 5000, -4.2, 0, 49],
  ['Bowls', 'bowl', 'ceramic wooden glass enamel', 1399, 5000, -4.4, 0, 40],
  ['Candles', 'candle', 'lavender vanilla cedar citrus', 1299, 6000, -5.6, 35, 48],
  ['Lanterns', 'lantern', 'metal glass paper wicker', 2199, 4500, -3.4, 0, 46],
  ['Cushions', 'cushion', 'velvet cotton knitted linen', 2499, 5500, -4.8, 0, 42],
  ['Blankets', 'blanket', 'wool fleece cotton woven', 3999, 4800, -3.6, 0, 45],
  ['Rugs', 'rug', 'jute wool cotton woven', 6999, 4200, -2.6, 0, 10],
  ['Baskets', 'basket', 'wicker seagrass felt wire', 2299, 5000, -3.8, 0, 14],
  ['Storage boxes', 'storage box', 'wooden cardboard fabric metal', 1899, 4500, -3.9, 0, 3],
  ['Picture frames', 'picture frame', 'oak pine metal glass', 1699, 5600, -4.5, 0, 47],
  ['Wall clocks', 'wall clock', 'wooden metal slate glass', 3299, 4600, -2.9, 0, 20],
  ['Table lamps', 'table lamp', 'ceramic brass glass wooden', 4999, 4400, -2.7, 0, 44],
  ['Fairy lights', 'fairy lights', 'warm copper globe solar', 1599, 5800, -5.8, 0, 49],
  ['Notebooks', 'notebook', 'lined dotted plain recycled', 799, 6200, -5.0, 45, 36],
  ['Pens', 'pen', 'gel fountain rollerball felt', 599, 6000, -4.3, 40, 36],
  ['Gift wrap', 'gift wrap', 'striped dotted floral kraft', 499, 6500, -5.4, 60, 50],
  ['Greeting cards', 'greeting card', 'floral letterpress foil watercolour', 349, 6800, -3.2, 30, 50],
  ['Party bunting', 'party bunting', 'paper cotton felt jute', 999, 6000, -4.9, 0, 26],
  ['Lunch boxes', 'lunch box', 'steel bamboo insulated tin', 1599, 5000, -4.1, 0, 35],
  ['Water bottles', 'water bottle', 'steel glass insulated flip-top', 1899, 5200, -4.7, 0, 28],
  ['Backpacks', 'backpack', 'canvas nylon rolltop cord', 4499, 4500, -3.0, 0, 35],
  ['Tote bags', 'tote bag', 'cotton jute canvas quilted', 1299, 6200, -5.3, 0, 24],
  ['Scarves', 'scarf', 'wool cotton silk knitted', 2499, 5800, -4.0, 0, 46],
  ['Gloves', 'gloves', 'wool leather knitted fleece', 1999, 5400, -3.7, 0, 48],
  ['Socks', 'socks', 'cotton wool bamboo ribbed', 899, 6000, -5.5, 70, 48],
  ['Soaps', 'soap', 'lavender oat olive citrus', 599, 5800, -3.3, 28, 20],
  ['Hand creams', 'hand cream', 'almond rose shea honey', 899, 6000, -3.5, 42, 4],
  ['Bath salts', 'bath salts', 'lavender eucalyptus sea rose', 1099, 6200, -4.6, 35, 2],
  ['Teas', 'tea', 'green black mint ginger', 699, 5000, -2.4, 21, 44],
  ['Coffees', 'coffee', 'dark medium light decaf', 1099, 4200, -2.2, 21, 44],
  ['Chocolates', 'chocolate', 'dark milk white hazelnut', 799, 5200, -4.8, 25, 50],
  ['Biscuits', 'biscuits', 'butter oat ginger lemon', 599, 4800, -3.1, 18, 49],
  ['Plant pots', 'plant pot', 'terracotta ceramic concrete zinc', 1499, 5400, -4.4, 0, 18],
  ['Seeds', 'seeds', 'herb flower salad vegetable', 349, 6600, -2.8, 90, 13],
  ['Garden tools', 'garden tool', 'ash steel copper forged', 2299, 4600, -2.5, 0, 15],
  ['Board games', 'board game', 'wooden travel family strategy', 2799, 4600, -4.9, 0, 50],
  ['Jigsaws', 'jigsaw', 'wooden landscape floral animal', 1699, 5000, -5.1, 0, 50],
  ['Soft toys', 'soft toy', 'plush knitted organic corduroy', 1899, 5600, -4.3, 0, 50],
]

export interface Category {
  name: string
  noun: string
  kinds: string[]
  priceMinor: number
  marginBps: number
  elasticity: number
  cycleDays: number
  peakWeek: number
}

export const CATEGORIES: Category[] = ROWS.map(
  ([name, noun, kinds, priceMinor, marginBps, elasticity, cycleDays, peakWeek]) => ({
    name,
    noun,
    kinds: kinds.split(' '),
    priceMinor,
    marginBps,
    elasticity,
    cycleDays,
    peakWeek,
  }),
)

const COLOURS = 'Blue Red Green Yellow White Black Grey Pink Teal Cream Amber Navy Olive Coral Silver Plum'.split(' ')

export const BRANDS = 120

/** How the `ordinal`-th item of a category looks, the first being 0. */
export function lookOf({ kinds }: Pick<Category, 'kinds'>, ordinal: number): { colour: string; kind: string } {
  return {
    colour: COLOURS[ordinal % COLOURS.length],
    kind: kinds[Math.floor(ordinal / COLOURS.length) % kinds.length],
  }
}

/** Title of the `ordinal`-th item of a category: "Blue ceramic mug 0001". */
export function titleOf(category: Pick<Category, 'noun' | 'kinds'>, ordinal: number): string {
  const { colour, kind } = lookOf(category, ordinal)
  return `${colour} ${kind} ${category.noun} ${String(ordinal + 1).padStart(4, '0')}`
}

export function brandName(brand: number): string {
  return `Brand ${String(brand + 1).padStart(3, '0')}`
}
