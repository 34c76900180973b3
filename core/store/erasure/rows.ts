/** What of a log's row may stay when shoppers were erased. A row that cannot be read goes where it might name one. */
import type { Erasures, RowOfShopper } from './erasures.ts'

const NAMES_SHOPPER = '"shopper":'

/**
 * The line as it may stay, null where nothing of it may. What a purchase took from a campaign's budget stays, without whose it was.
 */
export function lineWithoutErased(line: string, erasures: Erasures): string | null {
  if (erasures.isEmpty || !line.includes(NAMES_SHOPPER)) return line
  try {
    const row = JSON.parse(line) as LoggedRow
    if (!erasures.hasRow(row)) return line
    return row.kind === 'purchase' && row.campaign !== undefined ? JSON.stringify(ofNobody(row)) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

type LoggedRow = RowOfShopper & Partial<Record<'kind' | 'campaign' | 'session' | 'id' | 'order' | 'decisionId', string>>

function ofNobody({ shopper, session, id, order, decisionId, ...rest }: LoggedRow): object {
  return rest
}
