/** A process that publishes what its argument describes and answers the id. */
import { publishSnapshot } from '../../core/snapshot/write.ts'

const id = await publishSnapshot(JSON.parse(process.argv[2]))
process.send?.(id, () => process.disconnect())
