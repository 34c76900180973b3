/** Processes of a test's own that are told things and killed. */
import type { ChildProcess } from 'node:child_process'

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resolves when the process has ended by what `end` does to it. */
export async function ended(child: ChildProcess, end: () => void): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  end()
  await exit
}
