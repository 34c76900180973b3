/**
 * The pieces of text that answers and log rows are made of, in the kernel's memory, so that writing one moves its bytes and
 * reads no string. A piece is one number, as the kernel's `writeParts` takes it: place << 12 | length.
 */
export type Piece = number

export const LONGEST_PIECE = 4095
const LENGTH_BITS = 12

export function pieceAt(place: number, length: number): Piece {
  return (place << LENGTH_BITS) | length
}

export const placeOf = (piece: Piece) => piece >>> LENGTH_BITS
export const lengthOf = (piece: Piece) => piece & LONGEST_PIECE

const TEXTS = {
  nothing: '',
  comma: ',',
  null: 'null',
  true: 'true',
  false: 'false',
  endOfText: '"}',
  endOfObject: '}',
  open: '[',
  nextOpen: ',[',
  close: ']',
  decisionId: '{"decisionId":"',
  snapshot: '","snapshot":"',
  shop: '","shop":"',
  timeBehindText: '","time":',
  currency: ',"currency":"',
  personalised: '","personalised":',
  holdout: ',"holdout":',
  recommended: '{"snapshot":"',
  items: ',"items":[',
  item: '{"item":',
  nextItem: '},{"item":',
  nextListed: ']},{"item":',
  endOfListed: ']}]}',
  title: ',"title":',
  score: ',"score":',
  purchaseProbability: ',"purchaseProbability":',
  priceMinor: ',"priceMinor":',
  priorPriceMinor: ',"priorPriceMinor":',
  noReasons: ',"reasons":[',
  reasons: ',"reasons":[{"code":"',
  nextReason: ',{"code":"',
  reasonItem: '","item":',
  share: ',"share":',
  days: '","days":',
  reasonCampaign: '","campaign":"',
  offer: '],"offer":',
  campaign: '{"campaign":"',
  mechanism: '","mechanism":"',
  percentBps: '","percentBps":',
  discountMinor: ',"discountMinor":',
  validUntil: ',"validUntil":',
  code: ',"code":',
  noOffer: '],"offer":null,"offerReason":"',
  offerReason: '},"offerReason":"',
  propensity: '","propensity":',
  considered: ',"considered":',
  noItems: '],"basketOffer":',
  basketOffer: '}],"basketOffer":',
  thresholdMinor: '","thresholdMinor":',
  rewardMinor: ',"rewardMinor":',
  missingMinor: ',"missingMinor":',
  basketReason: ',"basketReason":"',
  basketPropensity: '","basketPropensity":',
  basketConsidered: ',"basketConsidered":',
  version: '{"v":',
  shopOfRow: ',"shop":"',
  campaignRevision: '","campaignRevision":"',
  catalogueRevision: '","catalogueRevision":',
  time: ',"time":',
  trusted: ',"trusted":',
  segment: ',"segment":',
  base: ',"base":',
  live: ',"live":',
  newShopper: '{"events":[],"contacts":[]}',
  remainingMinor: ',"campaigns":{"remainingMinor":[',
  remainingUses: '],"remainingUses":[',
  budgetDualPrice: '],"budgetDualPrice":[',
  stockDualPrice: '],"stockDualPrice":[',
  returnDualPrice: '],"returnDualPrice":[',
  propensities: ']},"propensities":[',
  actions: '{"actions":[',
  probabilities: '],"probabilities":[',
  endOfList: ']}',
  tiers: '],"tiers":[',
  request: '],"request":',
  answer: ',"answer":',
  lineFeed: '\n',
  spaces: '       ',
}
type Name = keyof typeof TEXTS

/** One behind the other, from the first place on. */
const JOINED = Object.values(TEXTS).join('')
/** A copy, as what was filled name by name is a table that every look searches, where a copy has a layout. */
export const PIECES = { ...placed() }

function placed(): Record<Name, Piece> {
  const pieces = {} as Record<Name, Piece>
  let place = 0
  for (const name of Object.keys(TEXTS) as Name[]) {
    pieces[name] = pieceAt(place, TEXTS[name].length)
    place += TEXTS[name].length
  }
  return pieces
}

/** One arena's pieces: those above, and texts that come again and again and are learned when first met. */
export class Pieces {
  readonly #bytes: Buffer
  readonly #learned = new Map<string, Piece>()
  #end = 0

  /** `bytes`: of the arena; what lies there counts no longer. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#end = bytes.write(JOINED, 'latin1')
  }

  /** The piece of a text of ASCII characters, or -1 where it is too long or there is no room left. */
  of(text: string): Piece {
    const known = this.#learned.get(text)
    return known === undefined ? this.#learn(text) : known
  }

  #learn(text: string): Piece {
    if (text.length > LONGEST_PIECE || this.#end + text.length > this.#bytes.length) return -1
    const piece = pieceAt(this.#end, text.length)
    this.#end += this.#bytes.write(text, this.#end, 'latin1')
    this.#learned.set(text, piece)
    return piece
  }
}
