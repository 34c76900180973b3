/** A built checkout whose server is measured: this one, or another one's `dist`. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { Decider } from '../decider.ts'

export interface Checkout {
  /** Module of its server's process. */
  server: URL
  /** Its own scorer says which answers are right. */
  openDecider: typeof Decider.open
}

export const HERE: Checkout = {
  server: new URL('./offerwright-child.js', import.meta.url),
  openDecider: Decider.open,
}

/** `path`: a checkout's folder or its `dist`. */
export async function checkoutAt(path: string): Promise<Checkout> {
  const dist = [join(resolve(path), 'dist'), resolve(path)].find((folder) => existsSync(serverIn(folder)))
  if (!existsSync(path))
    throw new OfferwrightError('invalid_value', `no such file or folder: ${path}`, { field: 'checkout', value: path })
  if (dist === undefined)
    throw new OfferwrightError(
      'invalid_value',
      `${path} holds no built server (dist/bench/http): run \`node build.mjs\` there`,
      {
        field: 'checkout',
        value: path,
      },
    )
  const own = (await import(pathToFileURL(join(dist, 'bench/decider.js')).href)) as { Decider: typeof Decider }
  return { server: pathToFileURL(serverIn(dist)), openDecider: own.Decider.open }
}

const serverIn = (dist: string) => join(dist, 'bench/http/offerwright-child.js')
