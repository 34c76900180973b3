/** The thread that opens a snapshot while another one serves. */
import { constants, setPriority } from 'node:os'
import { setImmediate } from 'node:timers'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { noteGarbage } from './garbage.ts'
import { type Opened, type OpeningTask, openImage } from './opening.ts'

// Where a priority is a thread's own: the others go on deciding.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)

export async function run(task: OpeningTask): Promise<Opened> {
  try {
    return { image: await openImage(task) }
  } catch (error) {
    if (error instanceof OfferwrightError) return { fault: error.toJSON().error }
    throw error
  } finally {
    // The tables belong to whoever asked for them, once they are on their way.
    setImmediate(noteGarbage)
  }
}
