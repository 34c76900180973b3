/**
 * What pages asked last, to warm a snapshot with before it serves. Code that was compiled for the one before is given up where it first
 * meets the other's tables, and those are in no cache; what all decisions have in common warms a part of that alone.
 */
import { BatchWriter, type Sent, WORK_ROUTES } from '../work/messages.ts'

const MOST_KEPT = 64
const MOST_BYTES = 16 * 1024
/** Decisions that warm a worker, and how many of them it makes at a time: what is asked meanwhile waits for so many at most. */
const DECISIONS = 192
const AT_A_TIME = 4

const DECIDE = WORK_ROUTES.indexOf('decide')
/** Of a shopper nobody knows: of use before anybody has asked. */
const ANYBODY: Sent = { route: DECIDE, trusted: false, body: Buffer.from('{"shopper":"warming"}') }

export class Warming {
  #kept: Sent[] = []
  #noted = 0

  /** Something that was answered. */
  note(sent: Sent): void {
    if (sent.body.length <= MOST_BYTES) this.#kept[this.#noted++ % MOST_KEPT] = sent
  }

  /** All of it: what a request tells of a shopper stands anywhere in it. */
  forget(): void {
    this.#kept = []
    this.#noted = 0
  }

  /** Requests whose answers nobody gets and that change nothing. */
  *batches(): Generator<BatchWriter> {
    const rehearsed = [ANYBODY, ...this.#kept].map(asPreview)
    const batch = new BatchWriter()
    for (let made = 0; made < DECISIONS; batch.clear()) {
      for (; batch.count < AT_A_TIME; made++) {
        const { route, trusted, body } = rehearsed[made % rehearsed.length]
        batch.add(route, trusted, body)
      }
      yield batch
    }
  }
}

/** Only decisions change anything. */
function asPreview({ route, body, ...rest }: Sent): Sent {
  if (route !== DECIDE) return { route, body, ...rest }
  return { route, body: Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), preview: true })), ...rest }
}
