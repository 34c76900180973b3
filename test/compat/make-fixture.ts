/**
 * Writes the fixture of the present format: `node dist/test/compat/make-fixture.js`. A fixture is made once, by the version
 * that introduces its format, and never again: snapshots of shops that run today must open tomorrow.
 */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FORMAT_VERSION } from '../../core/snapshot/layout.ts'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { tinyPublication } from '../snapshot/tiny-shop.ts'

const FIXTURE = fileURLToPath(new URL(`../../../test/compat/format-${FORMAT_VERSION}`, import.meta.url))

const publication = await tinyPublication()
const id = await publishSnapshot(publication)
await activateSnapshot(publication.store, id, { time: 0, by: 'hand' })
await rm(FIXTURE, { recursive: true, force: true })
await cp(publication.store, FIXTURE, { recursive: true })
process.stdout.write(`${join(FIXTURE, id)}\n`)
