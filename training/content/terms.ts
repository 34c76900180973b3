/**
 * Items as weighted terms, by BM25 (S. Robertson, H. Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond,
 * 2009), each field with terms, lengths and a weight of its own, so that brand:red is not title:red:
 *
 *   w(t, i) = F · ln(1 + (N − n_t + ½) / (n_t + ½)) · f (k₁ + 1) / (f + k₁ (1 − b + b · length / mean length))
 *
 * F: weight of the field; N: items; n_t: items with the term; f: how often the item's field has it; length: terms of the
 * item's field, its mean over the items that have the field. k₁ = 1.2, b = 0.75. The logarithm is Lucene's, never
 * negative. Terms are in the order of their text, so equal catalogues give equal matrices.
 */
import { type Csr, transpose } from '../sparse.ts'
import { priceBands } from './price-bands.ts'
import { normalised, WordFinder } from './words.ts'

const K1 = 1.2
const B = 0.75

/** Columns of equal length; row i is item i. */
export interface ItemTexts {
  title: (string | null)[]
  category: (string | null)[]
  brand: (string | null)[]
  tags: string[][]
  price_minor: Int32Array
}

export interface ContentTerms {
  /** `field:term`, in the order of code units; column t of the matrix. */
  terms: string[]
  /** Items × terms, columns of a row ascending. */
  weights: Csr
}

interface Field {
  name: string
  /** Whole texts are worth a word of a title; a brand and a price say less of what a thing is. */
  weight: number
  termsOf(item: number): string[]
}

export function contentTerms(items: ItemTexts): ContentTerms {
  const counted = countTerms(fieldsOf(items), items.title.length)
  const order = Array.from(counted.terms.keys()).sort((a, b) => (counted.terms[a] < counted.terms[b] ? -1 : 1))
  return { terms: order.map((id) => counted.terms[id]), weights: sortedColumns(weighted(counted), order) }
}

function fieldsOf({ title, category, brand, tags, price_minor }: ItemTexts): Field[] {
  const words = new WordFinder()
  const bands = priceBands(category, price_minor)
  const whole = (text: string | null) => (text === null || text === '' ? [] : [normalised(text)])
  return [
    { name: 'title', weight: 1, termsOf: (item) => words.wordsOf(title[item] ?? '') },
    { name: 'category', weight: 1, termsOf: (item) => whole(category[item]) },
    { name: 'brand', weight: 0.5, termsOf: (item) => whole(brand[item]) },
    { name: 'tag', weight: 1, termsOf: (item) => tags[item].flatMap(whole) },
    { name: 'price', weight: 0.25, termsOf: (item) => [String(bands[item])] },
  ]
}

/** Ids in the order of first appearance. */
class Vocabulary {
  readonly #ids = new Map<string, number>()
  /** Position in the fields of each term. */
  readonly fieldOf: number[] = []

  idOf(field: number, text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    this.#ids.set(text, this.#ids.size)
    return this.fieldOf.push(field) - 1
  }

  get terms(): string[] {
    return [...this.#ids.keys()]
  }
}

interface Counted {
  terms: string[]
  fields: Field[]
  fieldOf: number[]
  /** Items × terms: how often an item has a term. */
  counts: Csr
  /** Terms of each item, repeats included; one column a field. */
  lengths: Uint32Array[]
}

function countTerms(fields: Field[], nItems: number): Counted {
  const vocabulary = new Vocabulary()
  const lengths = fields.map(() => new Uint32Array(nItems))
  const indptr = new Uint32Array(nItems + 1)
  const indices: number[] = []
  const data: number[] = []
  for (let item = 0; item < nItems; item++) {
    for (const [id, count] of countsOf(item, fields, vocabulary, lengths)) {
      indices.push(id)
      data.push(count)
    }
    indptr[item + 1] = indices.length
  }
  const { terms, fieldOf } = vocabulary
  const counts = { indptr, indices: Uint32Array.from(indices), data: Float32Array.from(data) }
  return { terms, fields, fieldOf, counts: { nRows: nItems, nCols: terms.length, ...counts }, lengths }
}

function countsOf(item: number, fields: Field[], vocabulary: Vocabulary, lengths: Uint32Array[]): Map<number, number> {
  const row = new Map<number, number>()
  fields.forEach(({ name, termsOf }, field) => {
    const terms = termsOf(item)
    lengths[field][item] = terms.length
    for (const term of terms) {
      const id = vocabulary.idOf(field, `${name}:${term}`)
      row.set(id, (row.get(id) ?? 0) + 1)
    }
  })
  return row
}

function weighted({ fields, fieldOf, counts, lengths }: Counted): Csr {
  const { nRows, nCols, indptr, indices } = counts
  const itemsWith = new Uint32Array(nCols)
  for (const term of indices) itemsWith[term]++
  const rarity = Float64Array.from(itemsWith, (n, term) => {
    return fields[fieldOf[term]].weight * Math.log(1 + (nRows - n + 0.5) / (n + 0.5))
  })
  const means = lengths.map(meanOfPositive)
  const data = new Float32Array(indices.length)
  for (let item = 0; item < nRows; item++)
    for (let p = indptr[item]; p < indptr[item + 1]; p++) {
      const field = fieldOf[indices[p]]
      data[p] = rarity[indices[p]] * saturated(counts.data[p], lengths[field][item] / means[field])
    }
  return { ...counts, data }
}

function saturated(count: number, relativeLength: number): number {
  return (count * (K1 + 1)) / (count + K1 * (1 - B + B * relativeLength))
}

function meanOfPositive(lengths: Uint32Array): number {
  let sum = 0
  let n = 0
  for (const length of lengths) {
    sum += length
    if (length > 0) n++
  }
  return sum / n
}

/** Column `order[t]` becomes column t. */
function sortedColumns(matrix: Csr, order: number[]): Csr {
  const placeOf = new Uint32Array(order.length)
  order.forEach((id, place) => {
    placeOf[id] = place
  })
  return transpose(transpose({ ...matrix, indices: matrix.indices.map((id) => placeOf[id]) }))
}
