/**
 * Words of a text as search engines see them: NFKC, lower case, boundaries by Unicode and, where words are written
 * without spaces (Chinese, Japanese, Thai), by ICU's dictionaries; the Porter stem where a word is all Latin letters.
 * Numbers stay as they are: "3.5cm" and "4cm" differ.
 */
import { stemmer } from 'stemmer'

export class WordFinder {
  /** Boundaries depend on the script, not on this language. */
  readonly #segmenter = new Intl.Segmenter('en', { granularity: 'word' })
  /** A catalogue has far fewer distinct words than words. */
  readonly #stems = new Map<string, string>()

  /** In the order of the text, repeats included. */
  wordsOf(text: string): string[] {
    const words: string[] = []
    for (const { segment, isWordLike } of this.#segmenter.segment(normalised(text)))
      if (isWordLike === true) words.push(this.#stemOf(segment))
    return words
  }

  #stemOf(word: string): string {
    const known = this.#stems.get(word)
    if (known !== undefined) return known
    const bare = word.replace(/['’]s?$/u, '')
    const stem = /^\p{Script=Latin}+$/u.test(bare) ? stemmer(bare) : bare
    this.#stems.set(word, stem)
    return stem
  }
}

/** What ends up equal is written equally: width and form of letters, case, underscores for spaces. */
export function normalised(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll('_', ' ').trim()
}
