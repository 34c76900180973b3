/** Ed25519 keys in PEM files, as they are named on the command line. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'

/** For an option that may be given again: while keys change, the old and the new one are both good. */
export function addPublicKey(file: string, before: KeyObject[]): KeyObject[] {
  return [...before, keyOf(file, createPublicKey)]
}

export function signingKey(file: string): KeyObject {
  return keyOf(file, createPrivateKey)
}

function keyOf(file: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  const key = readKey(file, parse)
  if (key.asymmetricKeyType !== 'ed25519') throw new InvalidArgumentError(`${file} is not an Ed25519 key.`)
  return key
}

function readKey(file: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  try {
    return parse(readFileSync(file))
  } catch (error) {
    throw new InvalidArgumentError(
      `${file} is not a readable key in PEM: ${error instanceof Error ? error.message : error}`,
    )
  }
}
