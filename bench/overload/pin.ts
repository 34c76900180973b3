/** One core for a process and every thread that it will have. */
import { execFileSync } from 'node:child_process'

/** Throws where there is no `taskset` (util-linux), or no such core. */
export function pinTo(core: number): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)], { stdio: 'pipe' })
}
