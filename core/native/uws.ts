/**
 * uWebSockets.js. Its authors do not publish it on npm; @uwsjs/core does, each version with binaries for a few
 * releases of Node, so two versions are installed under two names and the running Node picks one.
 */
import type { HttpRequest, HttpResponse, TemplatedApp as ReleasedApp, us_listen_socket } from 'uwebsockets-node18'
import { OfferwrightError } from '../contract/errors.ts'

export type { HttpRequest, HttpResponse }
export type ListenSocket = us_listen_socket

/** The released types leave out the form of `listen` with both a host and options; those of Node 18 apps of several threads too. */
export interface TemplatedApp extends Omit<ReleasedApp, 'listen'> {
  listen(host: string, port: number, options: number, cb: (socket: ListenSocket | false) => void): TemplatedApp
  /** Its address in memory, for an app of another thread. */
  getDescriptor(): number
  /** Connections go in turn to the apps added, which must outlive this one's listening. */
  addChildAppDescriptor(descriptor: number): void
}

export interface Uws {
  App(): TemplatedApp
  us_listen_socket_close(socket: ListenSocket): void
  us_socket_local_port(socket: ListenSocket): number
  /** Without it two processes would share a port silently. */
  LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** `process.versions.modules` of Node 18, 20, 22 and 23; later ones are in the other package. */
const OLDER_ABIS = new Set(['108', '115', '127', '131'])

/** Throws `environment` where no binary loads: an odd release of Node, musl, or a glibc too old for it. */
export async function loadUws(): Promise<Uws> {
  const older = OLDER_ABIS.has(process.versions.modules)
  try {
    return (older ? await import('uwebsockets-node18') : await import('uwebsockets-node22')) as never as Uws
  } catch (error) {
    throw new OfferwrightError(
      'environment',
      `uWebSockets.js does not load on Node ${process.versions.node}, ${process.platform} ${process.arch}: ` +
        `${causeOf(error as Error)}. Use Node 20 or 22, or Node 24 or 26 with glibc 2.38 or later (Debian 13, ` +
        'Ubuntu 24.04), and run `npm ci` with the Node that serves: it installs the binary of that one only',
    )
  }
}

/** The package puts a paragraph before the loader's own fault, and Node a stack of requires behind it. */
function causeOf({ message }: Error): string {
  return /^Error: (.*)$/m.exec(message)?.[1] ?? message.split('\n', 1)[0]
}
