/** A campaign file before it goes live: every fault of it, or every doubt. */
import { type Fault, OfferwrightError } from '../../contract/errors.ts'
import type { Generation } from '../generation.ts'
import { compileCampaigns } from './compile.ts'
import { parseCampaignFile } from './parse.ts'
import { campaignWarnings, type Warning } from './warnings.ts'

export interface CheckedCampaigns {
  /** 0 where there are faults. */
  campaigns: number
  faults: Fault[]
  warnings: Warning[]
}

/** `now`: milliseconds since 1970. Throws only what is not about campaigns: text that is no JSON. */
export function checkCampaigns(g: Generation, text: string, now: number): CheckedCampaigns {
  try {
    const file = parseCampaignFile(text, g.image.manifest.currency)
    const warnings = campaignWarnings(g, file, compileCampaigns(g, file, 'checked'), now)
    return { campaigns: file.campaigns.length, faults: [], warnings }
  } catch (error) {
    if (!(error instanceof OfferwrightError) || error.faults === undefined) throw error
    return { campaigns: 0, faults: error.faults, warnings: [] }
  }
}
