/** Numbers on the command line. What range they may have is the business of whoever takes them. */
import { InvalidArgumentError } from 'commander'
import { LIMITS } from '../core/contract/requests.ts'

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A whole number, 0 or more.')
  return Number(text)
}

export function decimal(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('A number such as 0.001.')
  return Number(text)
}

export function positive(text: string): number {
  const value = wholeNumber(text)
  if (value < 1) throw new InvalidArgumentError('A whole number, 1 or more.')
  return value
}

/** Of a list that an answer can hold. */
export function listLength(text: string): number {
  const value = positive(text)
  if (value > LIMITS.slots) throw new InvalidArgumentError(`At most ${LIMITS.slots}.`)
  return value
}

/** `A=0.5,B=1`: a number of each name. The last equals sign parts, so a name may hold others. */
export function namedNumbers(text: string): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const part of text.split(',').filter((piece) => piece !== '')) {
    const match = /^(.+)=(\d+(?:\.\d+)?)$/.exec(part)
    if (match === null) throw new InvalidArgumentError('Names and numbers such as A=0.5,B=1.')
    numbers[match[1]] = Number(match[2])
  }
  return numbers
}
