/** A caller that speaks bytes, not HTTP: for what no client library would send, and for reading as slowly as one likes. */
import { connect, type Socket } from 'node:net'

export class RawCaller {
  readonly socket: Socket
  /** Milliseconds from the connection to its end. */
  readonly closed: Promise<number>
  #text = ''

  constructor(port: number, first: string | Uint8Array = '', reads = true) {
    this.socket = connect(port, '127.0.0.1', () => this.socket.write(first))
    this.socket.on('error', () => undefined)
    if (reads) this.read()
    const from = performance.now()
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve(performance.now() - from)))
  }

  /** What has come so far. */
  get text(): string {
    return this.#text
  }

  read(): void {
    this.socket.on('data', (bytes) => {
      this.#text += bytes.toString('latin1')
    })
  }

  /** Sends `text` again and again until the connection ends. */
  trickle(text: string, everyMs: number): this {
    const timer = setInterval(() => this.socket.write(text), everyMs)
    void this.closed.then(() => clearInterval(timer))
    return this
  }

  end(): void {
    this.socket.destroy()
  }
}

export function postHead(path: string, bytes: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: shop\r\nContent-Length: ${bytes}\r\n\r\n`
}
