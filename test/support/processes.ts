/** Commands and servers as processes of their own. */
import { type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio, spawn } from 'node:child_process'

export interface Ended {
  exitCode: number | null
  stdout: string
  stderr: string
}

export interface Started {
  child: ChildProcessWithoutNullStreams
  ended: Promise<Ended>
}

export function start(command: string, args: string[], options: SpawnOptionsWithoutStdio = {}): Started {
  const child = spawn(command, args, options)
  const told = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      told[stream] += text
    })
  const ended = new Promise<Ended>((resolve, reject) =>
    child.once('error', reject).once('close', (exitCode) => resolve({ exitCode, ...told })),
  )
  return { child, ended }
}

export function run(command: string, args: string[], options: SpawnOptionsWithoutStdio = {}): Promise<Ended> {
  return start(command, args, options).ended
}

/** The port that a server's first line about serving tells; rejects when it ends without one. */
export function portOf({ child, ended }: Started): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (more) => {
      text += more
      const match = /"port":(\d+)/.exec(text)
      if (match) resolve(Number(match[1]))
    })
    ended.then(({ stderr }) => reject(new Error(`ended without serving: ${stderr}`)), reject)
  })
}
