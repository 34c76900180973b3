/** The merchant's campaign file, checked as a whole: every fault is told at once, with its field, value and remedy. */
import { Compile } from 'typebox/compile'
import { Campaign, CampaignFile } from '../../contract/campaigns.ts'
import { type Fault, jsonText, OfferwrightError } from '../../contract/errors.ts'
import { parseJson, schemaFaults } from '../../contract/parse.ts'
import { MAX_ACTIONS, MAX_BOOSTING } from '../arena.ts'
import { CHECKS, codeFaults, personalFaults, type Refuse, stackingFaults } from './faults.ts'

const fileSchema = Compile(CampaignFile)
/** A campaign's faults are told for its own mechanism, not for every form a campaign may have. */
const campaignSchemas = new Map(Campaign.anyOf.map((form) => [form.properties.mechanism.const, Compile(form)]))

/** Parses and checks a campaign file as a whole. Throws `invalid_campaigns` with every fault found. */
export function parseCampaignFile(text: string, currency: string): CampaignFile {
  const value = parseJson(text, 'campaigns')
  const faults = structureFaults(value)
  if (faults.length === 0) faults.push(...meaningFaults(value as CampaignFile, currency))
  if (faults.length > 0)
    throw new OfferwrightError('invalid_campaigns', faults.map((fault) => fault.message).join('; '), {
      field: faults[0].field,
      value: faults[0].value,
      faults,
    })
  return value as CampaignFile
}

function structureFaults(value: unknown): Fault[] {
  if (fileSchema.Check(value)) return []
  const faults = schemaFaults(fileSchema.Errors(value), value).filter((fault) => !fault.field?.startsWith('campaigns['))
  const campaigns = (value as { campaigns?: unknown })?.campaigns
  if (!Array.isArray(campaigns)) return faults
  campaigns.forEach((campaign, position) => {
    const at = `campaigns[${position}]`
    const schema = campaignSchemas.get(campaign?.mechanism)
    if (schema === undefined) {
      const known = [...campaignSchemas.keys()].join(', ')
      const message = `invalid ${at}.mechanism: ${jsonText(campaign?.mechanism)} (one of ${known})`
      faults.push({ code: 'invalid_value', message, field: `${at}.mechanism`, value: campaign?.mechanism })
    } else if (!schema.Check(campaign))
      for (const fault of schemaFaults(schema.Errors(campaign), campaign))
        faults.push({ ...fault, field: `${at}.${fault.field}`, message: `${at}: ${fault.message}` })
  })
  return faults
}

function meaningFaults(file: CampaignFile, currency: string): Fault[] {
  const faults: Fault[] = []
  const refuse: Refuse = (field, value, remedy) =>
    faults.push({
      code: 'invalid_value',
      message: `invalid ${field}: ${jsonText(value)} (${remedy})`,
      field,
      value,
    })
  if (file.currency !== currency) refuse('currency', file.currency, `the shop's currency is ${currency}`)
  const ids = new Set<string>()
  let steps = 0
  file.campaigns.forEach((campaign, position) => {
    const at = `campaigns[${position}]`
    if (ids.has(campaign.id)) refuse(`${at}.id`, campaign.id, 'an id stands once in the file')
    ids.add(campaign.id)
    steps += 'ladder' in campaign ? campaign.ladder.length : 1
    for (const check of CHECKS) check(campaign, at, refuse)
  })
  const boosting = file.campaigns.filter(({ state, boost }) => state === 'live' && boost !== undefined).length
  if (boosting > MAX_BOOSTING) refuse('campaigns', boosting, `at most ${MAX_BOOSTING} live campaigns may boost`)
  if (steps >= MAX_ACTIONS) refuse('campaigns', steps, `at most ${MAX_ACTIONS - 1} ladder steps in all`)
  codeFaults(file.campaigns, refuse)
  personalFaults(file, refuse)
  stackingFaults(file, refuse)
  return faults
}
