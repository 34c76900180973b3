/**
 * The least a JSON API can do: uWebSockets.js takes the body, parses it, and writes an answer that it serialises from
 * an object. The answers are those of the real server to the same requests, in turn, so the bytes are the same.
 */
import { type HttpResponse, loadUws } from '../../core/native/uws.ts'
import { answerParent } from './child.ts'
import { listener } from './listener-child.ts'

export interface BareSetup {
  answers: object[]
}

answerParent(
  listener<BareSetup>(async ({ answers }) => {
    const uws = await loadUws()
    let next = 0
    const app = uws.App()
    app.post('/*', (res) => {
      res.onAborted(() => {})
      whenRead(res, (body) => {
        JSON.parse(body)
        const answer = JSON.stringify(answers[next++ % answers.length])
        res.cork(() => res.writeHeader('content-type', 'application/json; charset=utf-8').end(answer))
      })
    })
    return new Promise((resolve, reject) =>
      app.listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) =>
        socket ? resolve(uws.us_socket_local_port(socket)) : reject(new Error('the bare server cannot listen')),
      ),
    )
  }),
)

function whenRead(res: HttpResponse, take: (body: string) => void): void {
  const chunks: Buffer[] = []
  res.onData((chunk, isLast) => {
    chunks.push(Buffer.from(chunk.slice(0)))
    if (isLast) take(Buffer.concat(chunks).toString())
  })
}
