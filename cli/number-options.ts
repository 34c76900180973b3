/** Numbers on the command line. What range they may have is the business of whoever takes them. */
import { InvalidArgumentError } from 'commander'

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A whole number, 0 or more.')
  return Number(text)
}

export function decimal(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('A number such as 0.001.')
  return Number(text)
}
