/**
 * What does POST /v1/recommend cost for visitors' sessions of a published data set, beside a bare handler, and how good are exactly
 * those answers? `evaluate sessions` trains and publishes; the real server is asked every question of the test file once, and quality
 * is counted from what it answered, which must be what the evaluation finds. Then it and the bare handler take the questions
 * in turn in closed loops, as in `bench -- http`, every 16th answer compared with the first one to the same question.
 *
 * Questions repeat as often as the load goes through the file: a small file stays in the processor's caches.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import {
  resultOf,
  type SessionsOptions,
  type TrainedSessions,
  trainSessions,
} from '../../training/evaluation/sessions.ts'
import { RECOMMEND_PATH } from '../blended.ts'
import type { BareSetup } from '../http/bare-child.ts'
import { HERE } from '../http/checkout.ts'
import { Generator } from '../http/generator.ts'
import { benchHome } from '../http/home.ts'
import { BARE_ANSWERS, closedRound, type HttpRound } from '../http/http.ts'
import { Listener } from '../http/listener.ts'
import type { ServerSetup } from '../http/offerwright-child.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { agree, answersOver, qualityOf, sessionBodies } from './questions.ts'
import { reportOf, type SessionsReport } from './sessions-report.ts'

export interface SessionsBench extends Omit<SessionsOptions, 'onProgress'> {
  /** Deciding threads of the server; 0: the one that listens. */
  workers: number
  connections: number
  /** Of each stretch of load. */
  seconds: number
  rounds: number
}

export async function benchSessions(options: SessionsBench, say: (line: string) => void): Promise<SessionsReport> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-bench-sessions-'))
  try {
    const told = new Set<string>()
    const onProgress: SessionsOptions['onProgress'] = ({ stage }) => {
      if (!told.has(stage)) say(stage)
      told.add(stage)
    }
    const trained = await trainSessions({ ...options, onProgress }, folder)
    const { result, quality, rounds } = await measured(trained, options, say)
    return reportOf(options, result, quality, rounds)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measured(trained: TrainedSessions, options: SessionsBench, say: (line: string) => void) {
  const { g, store, questions, asking } = trained
  const { currency, watermark } = g.image.manifest
  await activateSnapshot(store, g.image.id, { time: Date.now(), by: 'hand' })
  const home = await benchHome(liveCampaigns(0, { currency, time: watermark, categories: [], brands: [] }), store)
  const server = new Listener<ServerSetup>(HERE.server)
  const bare = new Listener<BareSetup>(new URL('../http/bare-child.js', import.meta.url))
  const generator = new Generator()
  try {
    await server.listen({ home: home.home, workers: options.workers })
    const bodies = sessionBodies(questions, asking, watermark)
    say(`asking ${bodies.length} questions`)
    const answers = await answersOver(server.port, bodies)
    const quality = qualityOf(questions, answers)
    const result = resultOf(trained, options.seed)
    agree(quality, result)
    await bare.listen({ answers: answers.slice(0, BARE_ANSWERS).map((text) => JSON.parse(text) as object) })
    const served = { server, requests: { path: RECOMMEND_PATH, bodies, expected: answers.map((text) => [text]) } }
    const rounds: HttpRound['closed'][] = []
    for (let round = 0; round <= options.rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`)
      rounds.push(await closedRound(served, bare, generator, options))
    }
    return { result, quality, rounds: rounds.slice(1) }
  } finally {
    await Promise.all([generator.stop(), server.stop(), bare.stop()])
    await home.remove()
  }
}
