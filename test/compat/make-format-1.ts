/**
 * Writes the fixture `test/compat/format-1`: `node dist/test/compat/make-format-1.js`. It was made by the version that
 * introduced the format and is never made again for it: snapshots of shops that run today must open tomorrow.
 */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from '../snapshot/tiny-shop.ts'

const FIXTURE = fileURLToPath(new URL('../../../test/compat/format-1', import.meta.url))

const publication = await tinyPublication()
const id = await publishSnapshot(publication)
await activateSnapshot(publication.store, id)
await rm(FIXTURE, { recursive: true, force: true })
await cp(publication.store, FIXTURE, { recursive: true })
process.stdout.write(`${join(FIXTURE, id)}\n`)
