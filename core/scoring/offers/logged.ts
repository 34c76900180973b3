/** Actions as a log row lists them. */
import type { BasketStep, ItemStep } from '../campaigns/compile.ts'

/** JSON strings, a comma between: `campaign#step`, or `campaign#first-last` for neighbouring steps of one campaign. */
export function loggedSteps(steps: (ItemStep | BasketStep)[]): string {
  const entries: string[] = []
  for (let first = 0; first < steps.length; ) {
    const { on, number } = steps[first]
    let last = first
    while (last + 1 < steps.length && steps[last + 1].on === on && steps[last + 1].number === number + last + 1 - first)
      last++
    entries.push(last === first ? `"${on.id}#${number}"` : `"${on.id}#${number}-${number + last - first}"`)
    first = last + 1
  }
  return entries.join(',')
}

/** What each promises and what an empty cart lacks, as a row lists them. */
export function loggedTiers(steps: BasketStep[]): string {
  return steps
    .map(({ tier: { thresholdMinor, rewardMinor } }) => `[${thresholdMinor},${rewardMinor},${thresholdMinor}]`)
    .join(',')
}
