/** Questions of a test file as requests over HTTP, and what the answers that came back are worth. */
import type { RecommendAnswer } from '../../core/contract/answers.ts'
import { LIMITS, type RecommendRequest } from '../../core/contract/requests.ts'
import { type Asking, requestOf } from '../../training/evaluation/rank-questions.ts'
import type { Question } from '../../training/evaluation/session-files.ts'
import { RECOMMEND_PATH } from '../blended.ts'

export interface ServedQuality {
  /** Mean of 1 / rank of the item that came next, 0 where it is not among the first k. */
  mrr: number
  /** Share of the questions whose next item is among the first k. */
  hitRate: number
}

const AT_ONCE = 16

/** Each a visitor with a session of its own. `time`: pinned, in milliseconds since 1970, so that an answer can be asked for again. */
export function sessionBodies(
  questions: Question[],
  { k, leaveNewestOut }: Pick<Asking, 'k' | 'leaveNewestOut'>,
  time: number,
): string[] {
  return questions.map((question, i) => {
    const { history, ...request } = requestOf(question, k, leaveNewestOut)
    const body: RecommendRequest = {
      session: `session-${i}`,
      ...request,
      history: history.slice(0, LIMITS.history),
      time,
    }
    return JSON.stringify(body)
  })
}

/** Asks each once, and throws what the first refusal says. */
export async function answersOver(port: number, bodies: string[]): Promise<string[]> {
  const answers: string[] = []
  for (let from = 0; from < bodies.length; from += AT_ONCE)
    answers.push(...(await Promise.all(bodies.slice(from, from + AT_ONCE).map((body) => answerOver(port, body)))))
  return answers
}

async function answerOver(port: number, body: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${RECOMMEND_PATH}`, { method: 'POST', body })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${RECOMMEND_PATH} answers ${response.status}: ${text}; ${body}`)
  return text
}

export function qualityOf(questions: Question[], answers: string[]): ServedQuality {
  let reciprocals = 0
  let hits = 0
  for (const [i, { next }] of questions.entries()) {
    const { items } = JSON.parse(answers[i]) as RecommendAnswer
    const rank = 1 + items.findIndex(({ item }) => item === next)
    if (rank === 0) continue
    reciprocals += 1 / rank
    hits++
  }
  return { mrr: reciprocals / questions.length, hitRate: hits / questions.length }
}

const LARGEST_DIFFERENCE = 1e-9

/** Throws where the server answers otherwise than the evaluation, which calls the scorer. */
export function agree(served: ServedQuality, evaluated: ServedQuality): void {
  for (const name of ['mrr', 'hitRate'] as const)
    if (Math.abs(served[name] - evaluated[name]) > LARGEST_DIFFERENCE)
      throw new Error(`${name} of the served answers is ${served[name]}, of evaluate sessions ${evaluated[name]}`)
}
