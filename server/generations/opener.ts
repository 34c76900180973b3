/** The thread that opens a snapshot while another one serves. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type Opened, type OpeningTask, openImage } from './opening.ts'

export async function run(task: OpeningTask): Promise<Opened> {
  try {
    return { image: await openImage(task) }
  } catch (error) {
    if (error instanceof OfferwrightError) return { fault: error.toJSON().error }
    throw error
  }
}
