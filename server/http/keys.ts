/** API keys: where they come from, and who a caller is. Only hashes of keys are kept, in files and in memory. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'

export const ROLES = ['serve', 'publish', 'admin'] as const
export type Role = (typeof ROLES)[number]

export interface Caller {
  name: string
  role: Role
  /** Its requests' own `time` counts. */
  trusted: boolean
}

export interface ApiKey extends Caller {
  sha256: Uint8Array
}

const KeyFile = Type.Array(
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 64 }),
      role: Type.Union([Type.Literal('serve'), Type.Literal('publish'), Type.Literal('admin')]),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      trusted: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  { minItems: 1 },
)
const keyFileSchema = Compile(KeyFile)

/** A JSON list of `{name, role, sha256, trusted?}`; `sha256` is the hash of the key in hex. */
export async function readKeyFile(file: string): Promise<ApiKey[]> {
  const keys = parseAs<Static<typeof KeyFile>>(keyFileSchema, parseJson(await readFile(file, 'utf8'), file))
  return keys.map(({ name, role, sha256, trusted }) => ({
    name,
    role,
    trusted: trusted === true,
    sha256: Buffer.from(sha256, 'hex'),
  }))
}

/** `role:key` or `role:key:trusted`, parted by commas. */
export function keysOfText(text: string): ApiKey[] {
  return text.split(',').map((entry, position) => {
    const [role, key, trust] = entry.trim().split(':')
    const known = ROLES.find((name) => name === role)
    // The value is a secret and does not belong into a message.
    if (known === undefined || !key || (trust !== undefined && trust !== 'trusted'))
      throw new OfferwrightError(
        'invalid_value',
        `invalid OFFERWRIGHT_API_KEYS: entry ${position + 1} is not role:key or role:key:trusted`,
        { field: 'OFFERWRIGHT_API_KEYS' },
      )
    return { name: `env-${position + 1}`, role: known, trusted: trust === 'trusted', sha256: sha256(key) }
  })
}

/** Who a presented key belongs to. Every key is compared, so the time taken tells nothing about them. */
export function callerOf(keys: readonly ApiKey[], presented: string): Caller | null {
  const hash = sha256(presented)
  let caller: Caller | null = null
  for (const key of keys) if (timingSafeEqual(key.sha256, hash)) caller = key
  return caller
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
