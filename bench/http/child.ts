/** A process of its own for each part of a measurement, asked one question at a time. */
import { type ChildProcess, fork } from 'node:child_process'

export class Child<Question, Answer> {
  readonly #process: ChildProcess
  readonly #file: URL

  /** Starts a module with options of Node. What it writes to its standard error is shown. */
  constructor(file: URL, execArgv: string[] = []) {
    this.#file = file
    this.#process = fork(file, {
      execArgv,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
  }

  /** Throws when the process ends instead of answering. */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const lost = (code: number | null) => reject(new Error(`${this.#file.pathname} ended with ${code}`))
      this.#process.once('exit', lost)
      this.#process.once('message', (answer) => {
        this.#process.off('exit', lost)
        resolve(answer as Answer)
      })
      this.#process.send(question as object)
    })
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.disconnect()
    await gone
  }
}

/** The child's side: answers each question; `close` runs when the parent is done, or gone. */
export function answerParent<Question, Answer>(
  answer: (question: Question) => Promise<Answer>,
  close: () => Promise<void> = async () => {},
): void {
  process.on('message', async (question) => process.send?.(await answer(question as Question)))
  process.on('disconnect', async () => {
    await close()
    process.exit(0)
  })
}
