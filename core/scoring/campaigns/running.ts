/** Whether a campaign runs at a time: between its dates, in its hours. */
import type { Live } from './compile.ts'
import { isWithin } from './windows.ts'

export function isRunningAt(live: Live, time: number): boolean {
  return live.startsAt <= time && time < live.endsAt && isOpenAt(live, time)
}

/** Whether it is one of the campaign's hours. */
export function isOpenAt({ hours }: Live, time: number): boolean {
  return hours === null || isWithin(hours.windows, hours.zone, time)
}
