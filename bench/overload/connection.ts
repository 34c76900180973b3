/** A connection that carries one request at a time, and reads answers as a uWebSockets.js server writes them: with a length. */
import { connect, type Socket } from 'node:net'

/** `status` 0: the connection ended before the answer was whole. */
export type Answered = (status: number, body: Buffer) => void

const END_OF_HEAD = '\r\n\r\n'

export function requestBytes(path: string, body: string): Buffer {
  const length = Buffer.byteLength(body)
  return Buffer.from(`POST ${path} HTTP/1.1\r\nHost: shop\r\nContent-Length: ${length}${END_OF_HEAD}${body}`)
}

export class LoadConnection {
  readonly #socket: Socket
  #parts: Buffer[] = []
  #length = 0
  /** Of the whole answer; 0: its head is not whole. */
  #wanted = 0
  #bodyStart = 0
  #answered: Answered | null = null

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (bytes) => this.#take(bytes))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => this.#finish(0, Buffer.alloc(0)))
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Only after the answer before. */
  send(request: Buffer, answered: Answered): void {
    this.#answered = answered
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
    if (this.#wanted === 0) this.#readHead()
    if (this.#wanted === 0 || this.#length < this.#wanted) return
    const answer = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    const body = answer.subarray(this.#bodyStart, this.#wanted)
    this.#parts = []
    this.#length = 0
    this.#wanted = 0
    this.#finish(Number(answer.toString('latin1', 9, 12)), body)
  }

  #readHead(): void {
    const head = Buffer.concat(this.#parts)
    const end = head.indexOf(END_OF_HEAD)
    if (end < 0) return
    const length = /content-length: *(\d+)/i.exec(head.toString('latin1', 0, end))?.[1]
    this.#bodyStart = end + END_OF_HEAD.length
    this.#wanted = this.#bodyStart + Number(length)
  }

  #finish(status: number, body: Buffer): void {
    const answered = this.#answered
    this.#answered = null
    answered?.(status, body)
  }
}
