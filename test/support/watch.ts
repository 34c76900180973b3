/** A watch that a test sets. */
import type { Watch } from '../../core/store/ledger/clock.ts'

export class TestWatch implements Watch {
  id = 'test'
  ms = 1000

  read(): number {
    return this.ms
  }
}
