/** Bytes that no client means to send to a server of HTTP: good requests, spoilt. Seeded. */
import { Random } from '../../bench/random.ts'

const BODIES: [string, string][] = [
  ['POST /v1/decide', '{"shopper":"s-1","slots":5,"cart":[{"item":"p0000001","quantity":2}],"explain":true}'],
  ['POST /v1/decide', '{"__proto__":{"slots":3},"constructor":{"prototype":{"slots":9}}}'],
  [
    'POST /v1/recommend',
    '{"filters":{"where":{"or":[{"attribute":"colour","in":["Red"]},{"not":{"attribute":"weight","min":1}}]}}}',
  ],
  ['POST /v1/similar', '{"item":"p0000001","slots":3,"diversity":{"maxPerCategory":1,"mmr":0.5}}'],
  ['POST /v1/decide/batch', '{"requests":[{"shopper":"s-1","slots":2},{"slots":-1},{"list":"popular"}]}'],
  ['POST /v1/quote', '{"cart":[{"item":"p0000001","quantity":2}],"codes":["HI-RKCR2CKPTFDD"],"shopper":"s-1"}'],
  ['POST /v1/redemptions', '{"id":"o-1","code":"HI-RKCR2CKPTFDD","discountMinor":5,"shopper":"s-1","order":"1"}'],
  ['POST /v1/redemptions/o-1/confirm', '{}'],
  ['GET /healthz', ''],
  ['GET /v1/campaigns', ''],
  ['GET /v1/nothing', ''],
]
const HEADERS = [
  'Host: shop',
  'X-Deadline-Ms: 50',
  'X-Deadline-Ms: -1',
  'Transfer-Encoding: chunked',
  'Content-Length: 99999999999999999999',
  'Expect: 100-continue',
  'Connection: upgrade',
  'Authorization: Bearer \xff\xfe',
  'X-Api-Key: __proto__',
]
const SPECIAL = [
  '\0',
  '\r\n',
  '\r\n\r\n',
  '\n',
  ':',
  ' ',
  '%00',
  '../',
  '{"__proto__":',
  '[[[[[[[[',
  '"',
  '\\u0000',
  '1e999',
  '\xff',
]

export class RawInputs {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  next(): Buffer {
    let text = this.#request()
    // One in eight goes out as it is: the server must go on answering those.
    const edits = this.#random.below(8) === 0 ? 0 : 1 + this.#random.below(4)
    for (let edit = 0; edit < edits; edit++) text = this.#spoilt(text)
    return Buffer.from(text, 'latin1')
  }

  #request(): string {
    const [start, body] = this.#pick(BODIES)
    const more = this.#random.below(4) === 0 ? `${this.#pick(HEADERS)}\r\n` : ''
    return `${start} HTTP/1.1\r\nHost: shop\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`
  }

  #spoilt(text: string): string {
    const at = this.#random.below(text.length + 1)
    const end = Math.min(text.length, at + 1 + this.#random.below(16))
    const before = text.slice(0, at)
    switch (this.#random.below(6)) {
      case 0:
        return before
      case 1:
        return before + String.fromCharCode(this.#random.below(256)) + text.slice(at + 1)
      case 2:
        return before + this.#pick(SPECIAL) + text.slice(at)
      case 3:
        return before + text.slice(end)
      case 4:
        return before + text.slice(at, end).repeat(1 + this.#random.below(200)) + text.slice(end)
      default:
        return before + this.#request()
    }
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]
  }
}
