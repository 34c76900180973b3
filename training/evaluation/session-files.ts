/**
 * Published files of sessions, from the newest to the oldest convention of their authors:
 *
 *   sessions   train: the items of one session a line, oldest first, sessions in order of time
 *              test: `prefix<TAB>next item`, the prefix oldest first
 *   clicks     a header, then `SessionId ItemId Time` (seconds) in any order; every position of a test session but the
 *              first is a question
 *
 * Fields are separated by white space, clicks by commas too. Lines that are neither are counted and their first one told.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { textLines } from '../text-lines.ts'

export const SESSION_FORMATS = ['sessions', 'clicks'] as const
export type SessionFormat = (typeof SESSION_FORMATS)[number]

export interface Session {
  items: string[]
  /** Milliseconds since 1970, strictly ascending: an event has a place in its session even where clocks have none. */
  timesMs: number[]
}

export interface Question {
  /** Oldest first. */
  prefix: string[]
  next: string
}

export interface BadLines {
  count: number
  /** `file:line` of the first. */
  first: string | null
}

const HOUR_MS = 3_600_000

export async function readTrainSessions(file: string, format: SessionFormat, bad: BadLines): Promise<Session[]> {
  const sessions = format === 'clicks' ? await readClicks(file, bad) : await readLists(file, bad)
  if (sessions.length === 0) throw new OfferwrightError('invalid_data', `${file} holds no session`, { field: 'train' })
  return sessions.sort((a, b) => a.timesMs[0] - b.timesMs[0])
}

export async function readQuestions(file: string, format: SessionFormat, bad: BadLines): Promise<Question[]> {
  const questions =
    format === 'clicks' ? (await readClicks(file, bad)).flatMap(questionsOf) : await readPairs(file, bad)
  if (questions.length === 0)
    throw new OfferwrightError('invalid_data', `${file} holds nothing to rank`, { field: 'test' })
  return questions
}

/** Every position but the first, after what came before it. */
export function questionsOf({ items }: Session): Question[] {
  return items.slice(1).map((next, at) => ({ prefix: items.slice(0, at + 1), next }))
}

/** Sessions without times are an hour apart, and their items a second. */
async function readLists(file: string, bad: BadLines): Promise<Session[]> {
  const sessions: Session[] = []
  for await (const { text, where } of linesOf(file)) {
    const items = text.split(/\s+/).filter((item) => item !== '')
    if (items.length === 0) refuse(bad, where)
    else sessions.push({ items, timesMs: items.map((_, at) => (sessions.length + 1) * HOUR_MS + at * 1000) })
  }
  return sessions
}

async function readPairs(file: string, bad: BadLines): Promise<Question[]> {
  const questions: Question[] = []
  for await (const { text, where } of linesOf(file)) {
    const [prefix, next, ...surplus] = text.split('\t').map((part) => part.split(/\s+/).filter((item) => item !== ''))
    if (surplus.length > 0 || !prefix?.length || next?.length !== 1) refuse(bad, where)
    else questions.push({ prefix, next: next[0] })
  }
  return questions
}

async function readClicks(file: string, bad: BadLines): Promise<Session[]> {
  const bySession = new Map<string, { item: string; timeMs: number }[]>()
  let isHeader = true
  for await (const { text, where } of linesOf(file)) {
    const fields = text.split(/[\s,]+/)
    const seconds = Number(fields[2])
    if (fields.length === 3 && fields[2] !== '' && Number.isFinite(seconds) && seconds >= 0)
      clicksOf(bySession, fields[0]).push({ item: fields[1], timeMs: 1000 * seconds })
    else if (!isHeader) refuse(bad, where)
    isHeader = false
  }
  return Array.from(bySession.values(), sessionOf)
}

function clicksOf<Click>(bySession: Map<string, Click[]>, session: string): Click[] {
  const known = bySession.get(session)
  if (known) return known
  const clicks: Click[] = []
  bySession.set(session, clicks)
  return clicks
}

/** Clicks of one instant keep the order of the file. */
function sessionOf(clicks: { item: string; timeMs: number }[]): Session {
  const sorted = clicks.sort((a, b) => a.timeMs - b.timeMs)
  let last = -1
  const timesMs = sorted.map(({ timeMs }) => {
    last = Math.max(Math.floor(timeMs), last + 1)
    return last
  })
  return { items: sorted.map(({ item }) => item), timesMs }
}

function refuse(bad: BadLines, where: string): void {
  bad.count++
  bad.first ??= where
}

async function* linesOf(file: string): AsyncGenerator<{ text: string; where: string }> {
  let number = 0
  for await (const text of textLines(file)) yield { text, where: `${file}:${++number}` }
}
