/**
 * When a campaign runs: instants, wall clocks of a time zone, and hours of the day. A wall clock that daylight saving skips
 * means as long after the change as it reads (02:30 where 02:00 becomes 03:00 is 03:30); one that comes twice means the first.
 */
import type { Hours } from '../../contract/campaigns.ts'
import { WEEKDAYS } from '../../contract/campaigns.ts'
import { OfferwrightError } from '../../contract/errors.ts'
import { parseInstant } from '../../contract/parse.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 24 * 60
/** Zones change their offset on quarters of an hour. */
const STEADY_MS = 15 * MINUTE_MS
const WALL = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/

/** A time zone's offsets from UTC, the last one remembered. */
export class Zone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat
  #steady = -1
  #offsetMs = 0

  /** Throws `invalid_value` on a name that nobody knows. */
  constructor(name: string) {
    this.name = name
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch {
      throw new OfferwrightError('invalid_value', `invalid zone: ${name} (an IANA name such as Europe/Berlin)`, {
        field: 'zone',
        value: name,
      })
    }
  }

  /** Milliseconds that the wall clock is ahead of UTC at `time`. */
  offsetMs(time: number): number {
    const steady = Math.floor(time / STEADY_MS)
    if (steady !== this.#steady) {
      const parts = Object.fromEntries(this.#format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
      const { year, month, day, hour, minute, second } = parts
      this.#offsetMs = Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000
      this.#steady = steady
    }
    return this.#offsetMs
  }

  /** The instant of a wall clock, given as if it were UTC. */
  instantOf(wallMs: number): number {
    const before = this.offsetMs(wallMs - 86_400_000)
    const after = this.offsetMs(wallMs + 86_400_000)
    const first = wallMs - Math.max(before, after)
    if (first + this.offsetMs(first) === wallMs) return first
    const second = wallMs - Math.min(before, after)
    return second + this.offsetMs(second) === wallMs ? second : wallMs - before
  }
}

/** Milliseconds since 1970 of an instant, or of a wall clock in `zone`. Throws `invalid_value` with the field. */
export function parseWhen(when: number | string, field: string, zone: Zone | null): number {
  const match = typeof when === 'string' ? WALL.exec(when) : null
  if (match === null) return parseInstant(when, field)
  if (zone === null)
    throw new OfferwrightError('invalid_value', `invalid ${field}: ${when} (a wall clock needs a zone)`, {
      field,
      value: when,
    })
  const [, year, month, day, hour, minute, second = '0'] = match
  const wallMs = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second)
  const read = new Date(wallMs).toISOString()
  if (!read.startsWith(`${year}-${month}-${day}T${hour}:${minute}`))
    throw new OfferwrightError('invalid_value', `invalid ${field}: ${when} (no such day or hour)`, {
      field,
      value: when,
    })
  return zone.instantOf(wallMs)
}

/** Windows of the day, in minutes from midnight of the day on which they begin. */
export interface DayWindow {
  days: boolean[]
  fromMinute: number
  /** Above `fromMinute`; beyond a day where the window passes midnight. */
  toMinute: number
}

export function dayWindows(hours: Hours[]): DayWindow[] {
  return hours.map(({ days, from, to }) => {
    const fromMinute = minuteOf(from)
    const toMinute = minuteOf(to) <= fromMinute ? minuteOf(to) + DAY_MINUTES : minuteOf(to)
    return { days: WEEKDAYS.map((day) => days === undefined || days.includes(day)), fromMinute, toMinute }
  })
}

function minuteOf(clock: string): number {
  const [hour, minute] = clock.split(':').map(Number)
  return 60 * hour + minute
}

export function isWithin(windows: DayWindow[], zone: Zone, time: number): boolean {
  const wall = Math.floor((time + zone.offsetMs(time)) / MINUTE_MS)
  const day = Math.floor(wall / DAY_MINUTES)
  const minute = wall - day * DAY_MINUTES
  // 1 January 1970 was a Thursday.
  const today = (day + 3) % 7
  const yesterday = (day + 2) % 7
  return windows.some(
    ({ days, fromMinute, toMinute }) =>
      (days[today] && minute >= fromMinute && minute < toMinute) ||
      (days[yesterday] && minute + DAY_MINUTES < toMinute),
  )
}
