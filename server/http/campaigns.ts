/** Campaigns over HTTP: the file as it serves, a new one in its place, and one campaign's way from draft to ended. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Campaign, type CampaignFile, STATES } from '../../core/contract/campaigns.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import type { LiveCampaigns } from '../live/campaigns.ts'

/** Where a campaign can go from each state; what has ended stays so, because its offers may be out. */
const NEXT: Record<Campaign['state'], readonly Campaign['state'][]> = {
  draft: ['live', 'ended'],
  live: ['paused', 'ended'],
  paused: ['live', 'ended'],
  ended: [],
}

const StateChange = Type.Object({ state: Type.Enum(STATES) }, { additionalProperties: false })
type StateChange = Static<typeof StateChange>
const stateSchema = Compile(StateChange)

export function servingCampaigns(campaigns: LiveCampaigns): { revision: string; file: CampaignFile } {
  return { revision: campaigns.published.revision, file: JSON.parse(campaigns.text) as CampaignFile }
}

/**
 * Takes the whole file over, or nothing of it. `ifMatch`: revision that must be serving, empty for any. Throws
 * `invalid_campaigns` with every fault, `conflict` where another revision serves.
 */
export async function replaceCampaigns(campaigns: LiveCampaigns, text: string, ifMatch: string) {
  await campaigns.replace((_, revision) => {
    if (ifMatch !== '' && ifMatch !== revision)
      throw new OfferwrightError('conflict', `campaigns were changed: revision ${revision} serves`, {
        field: 'if-match',
        value: ifMatch,
      })
    return text
  })
  return servingCampaigns(campaigns)
}

/**
 * Throws `not_found`, or `conflict` where the campaign cannot go to that state, or the file was changed by hand to one that is
 * refused, which must not be lost. A state that it has already stays.
 */
export async function changeState(campaigns: LiveCampaigns, id: string, body: string) {
  const { state } = parseAs<StateChange>(stateSchema, parseJson(body))
  await campaigns.replace((text, _, refusal) => {
    if (refusal !== null) throw refusal
    const file = JSON.parse(text) as CampaignFile
    const campaign = file.campaigns.find((each) => each.id === id)
    if (campaign === undefined) throw new OfferwrightError('not_found', `no campaign ${id}`, { field: 'id', value: id })
    if (campaign.state === state) return text
    if (!NEXT[campaign.state].includes(state))
      throw new OfferwrightError('conflict', `${id} is ${campaign.state} and cannot be ${state}`, {
        field: 'state',
        value: state,
      })
    campaign.state = state
    return `${JSON.stringify(file, null, 2)}\n`
  })
  return { revision: campaigns.published.revision, id, state }
}
