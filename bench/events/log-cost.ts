/**
 * What the event log costs beside the least that durability costs: the same batches of rows, appended and flushed, and written
 * bare with one `write` and one `fdatasync` each. Both take turns, round by round; the ratio is the median over rounds.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLog } from '../../core/store/log/reader.ts'
import { AppendLog } from '../../core/store/log/writer.ts'
import { median } from '../statistics.ts'

export interface LogCost {
  batchEvents: number
  /** Wall time an event: mostly the disk's. */
  logMicros: number
  bareMicros: number
  ratio: number
  /** CPU time an event, all threads. */
  logCpuMicros: number
  bareCpuMicros: number
}

interface Spent {
  micros: number
  cpuMicros: number
}

export async function logCost(rows: Buffer[], batchEvents: number, rounds: number): Promise<LogCost> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-bench-log-'))
  const kind = { type: 1, schemaVersion: 1, ack: 'durable', commitMs: 0 } as const
  const failed = (error: Error) => {
    throw error
  }
  const log = await AppendLog.open({ folder, name: 'events', ...kind, onError: failed })
  const bare = await open(join(folder, 'bare'), 'wx')
  try {
    const batches = batchesOf(rows, batchEvents)
    const spent: { log: Spent; bare: Spent }[] = []
    let position = 0
    for (let round = 0; round <= rounds; round++) {
      const ofLog = await measured(async () => {
        for (const batch of batches) {
          for (const row of batch) log.append(row)
          await log.flush()
        }
      })
      const ofBare = await measured(async () => {
        for (const batch of batches) {
          const bytes = Buffer.concat(batch)
          await bare.write(bytes, 0, bytes.length, position)
          await bare.datasync()
          position += bytes.length
        }
      })
      spent.push({ log: ofLog, bare: ofBare })
    }
    await log.close()
    await checkRows(folder, rows, rounds + 1)
    return costOf(spent.slice(1), rows.length, batchEvents)
  } finally {
    await bare.close()
    await rm(folder, { recursive: true })
  }
}

function batchesOf(rows: Buffer[], size: number): Buffer[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, b) => rows.slice(b * size, (b + 1) * size))
}

async function measured(work: () => Promise<void>): Promise<Spent> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const micros = 1000 * (performance.now() - startedAt)
  const { user, system } = process.cpuUsage(cpu)
  return { micros, cpuMicros: user + system }
}

/** No figure for a log that does not hold what went into it. */
async function checkRows(folder: string, rows: Buffer[], times: number): Promise<void> {
  let read = 0
  let wrong = 0
  await readLog(folder, 'events', ({ text }) => {
    if (text !== rows[read++ % rows.length].toString()) wrong++
  })
  if (wrong > 0 || read !== times * rows.length) throw new Error(`${wrong} of ${read} rows are wrong: no figures`)
}

function costOf(spent: { log: Spent; bare: Spent }[], events: number, batchEvents: number): LogCost {
  const middle = (figure: (round: { log: Spent; bare: Spent }) => number) => median(spent.map(figure))
  return {
    batchEvents,
    logMicros: middle(({ log }) => log.micros / events),
    bareMicros: middle(({ bare }) => bare.micros / events),
    ratio: middle(({ log, bare }) => log.micros / bare.micros),
    logCpuMicros: middle(({ log }) => log.cpuMicros / events),
    bareCpuMicros: middle(({ bare }) => bare.cpuMicros / events),
  }
}
