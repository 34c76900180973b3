/**
 * One process appends to a folder of logs: `LOCK` names it. A process that is gone, killed or lost with its machine, holds
 * nothing: its number is checked together with the time it started, since numbers come again. A copy of the folder is free.
 */
import { readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OfferwrightError } from '../../contract/errors.ts'

/** Throws `environment` where another living process of this machine holds the folder. Resolves with how to give it back. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'LOCK')
  const holder = await readFile(file, 'utf8').catch(() => '')
  const { dev, ino } = await stat(folder)
  const place = `${dev}:${ino}`
  const [pid, heldPlace, startedAt = ''] = holder.trim().split(' ')
  if (pid && Number(pid) !== process.pid && heldPlace === place && (await startOf(Number(pid))) === startedAt)
    throw new OfferwrightError('environment', `process ${pid} writes the logs of ${folder} already`, {
      field: 'log',
      value: folder,
    })
  await writeFile(file, `${process.pid} ${place} ${await startOf(process.pid)}\n`)
  return () => unlink(file).catch(() => {})
}

/** When a process started, in the system's own units; an empty text where that is not told, and null where it is gone. */
async function startOf(pid: number): Promise<string | null> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null
  }
  const told = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name in brackets may hold blanks; start time is the 20th field after it.
  return told.slice(told.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
