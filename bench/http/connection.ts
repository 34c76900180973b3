/** One keep-alive connection that carries one request at a time; it reads what a uWebSockets.js server answers and no more. */
import { connect, type Socket } from 'node:net'

/** `status` 0: the connection broke before the answer was whole. */
export type Answered = (status: number, body: Buffer) => void

const END_OF_HEAD = '\r\n\r\n'
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i
const READ_BYTES = 64 * 1024
const NOTHING = Buffer.alloc(0)

/** Bytes of a request, made once: sending it costs a write. */
export function requestBytes(path: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}${END_OF_HEAD}${body}`)
}

export class Connection {
  isOpen = true
  readonly #socket: Socket
  readonly #onClose: () => void
  #answered: Answered | null = null
  #head = NOTHING
  #status = 0
  #body: Buffer | null = null
  #filled = 0

  private constructor(socket: Socket, onClose: () => void) {
    this.#socket = socket
    this.#onClose = onClose
  }

  /** `onClose` is told once, after whoever waits for an answer. */
  static open(port: number, onClose: () => void): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | null = null
      const onread = {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (bytes: number, buffer: Uint8Array) => {
          if (connection !== null) connection.#take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
          return true
        },
      }
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
      socket.once('connect', () => {
        connection = new Connection(socket, onClose)
        resolve(connection)
      })
      socket.on('error', reject)
      socket.on('close', () => connection?.close())
    })
  }

  /** Only after the answer before. The body that is handed over holds until the function returns. */
  send(request: Buffer, answered: Answered): void {
    this.#answered = answered
    this.#socket.write(request)
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#socket.destroy()
    this.#finish(0, NOTHING)
    this.#onClose()
  }

  #take(chunk: Buffer): void {
    if (this.#body === null) this.#takeHead(chunk)
    else this.#fill(this.#body, chunk)
  }

  #takeHead(chunk: Buffer): void {
    const head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
    const end = head.indexOf(END_OF_HEAD)
    if (end < 0) {
      this.#head = Buffer.from(head)
      return
    }
    this.#head = NOTHING
    const text = head.toString('latin1', 0, end)
    const length = Number(CONTENT_LENGTH.exec(text)?.[1] ?? 0)
    const body = head.subarray(end + END_OF_HEAD.length)
    this.#status = Number(text.slice(9, 12))
    if (body.length === length) {
      this.#finish(this.#status, body)
      return
    }
    this.#body = Buffer.allocUnsafe(length)
    this.#filled = 0
    this.#fill(this.#body, body)
  }

  #fill(body: Buffer, chunk: Buffer): void {
    if (this.#filled + chunk.length > body.length) {
      this.close()
      return
    }
    this.#filled += chunk.copy(body, this.#filled)
    if (this.#filled < body.length) return
    this.#body = null
    this.#finish(this.#status, body)
  }

  #finish(status: number, body: Buffer): void {
    const answered = this.#answered
    this.#answered = null
    answered?.(status, body)
  }
}
