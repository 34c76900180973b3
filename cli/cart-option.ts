/** Lists on the command line. */
import { InvalidArgumentError } from 'commander'
import type { CartLine } from '../core/contract/requests.ts'

/** `A:2,B` → two of A, one of B. The last colon parts, so a key may hold others. */
export function parseCart(text: string): CartLine[] {
  return commaSeparated(text).map((line) => {
    const match = /^(.+?)(?::(\d+))?$/.exec(line)
    if (!match) throw new InvalidArgumentError('Items and quantities such as A:2,B:1.')
    return { item: match[1], quantity: Number(match[2] ?? 1) }
  })
}

export function commaSeparated(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}
