/** A fault that is made to happen, for real and many times, and what is counted while it does. */

export interface FaultRun {
  /** Times the full number of repetitions: .01 for a hundredth. At least one is made. */
  scale: number
  /** All chance comes from it. */
  seed: number
  say: (line: string) => void
}

export interface Fault {
  /** As it is called on the command line. */
  name: string
  about: string
  /** Counts that a promise says are 0; any other figure there is a failure. */
  never: string[]
  /** What was counted, by name; `never` among it. Counted while it ran, none set beforehand. */
  run: (run: FaultRun) => Promise<Record<string, number>>
}

/** `full` repetitions at a scale. */
export function repetitions(full: number, { scale }: FaultRun): number {
  return Math.max(1, Math.round(full * scale))
}
