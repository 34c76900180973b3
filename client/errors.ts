/** A call that brought no answer: the server was not reached, took too long, or spoke something else. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly kind: 'network' | 'timeout' | 'protocol'

  constructor(kind: 'network' | 'timeout' | 'protocol', message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}
