/** `offerwright decide`: what a server would answer, from the same snapshot and live state, without one. */
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { OfferwrightError } from '../core/contract/errors.ts'
import type { CartLine, DecideRequest } from '../core/contract/requests.ts'
import { commaSeparated, parseCart } from './cart-option.ts'
import { decisionText } from './decision-text.ts'
import { EXIT } from './faults.ts'
import { type HomeOptions, shopFolders, withHome } from './home.ts'
import { wholeNumber } from './number-options.ts'
import { resolveSnapshotId } from './snapshot-id.ts'

interface DecideOptions extends HomeOptions {
  shopper?: string
  session?: string
  item?: string
  slots?: number
  cart?: CartLine[]
  exclude?: string[]
  time?: string
  explain?: boolean
  json?: boolean
  snapshot: string
  request?: string
  requests?: string
  live?: string
}

export function decideCommand(): Command {
  return withHome(new Command('decide'))
    .description('make a decision from a snapshot, without a server')
    .option('--shopper <key>', 'who is asking; without it popularity decides')
    .option('--session <key>', 'visit of a shopper who is not known')
    .option('--item <key>', 'item of the page being looked at')
    .option('--slots <n>', 'items to answer with (default 10)', wholeNumber)
    .option('--cart <item:quantity,…>', 'what is in the cart', parseCart)
    .option('--exclude <item,…>', 'items not to show', commaSeparated)
    .option('--time <instant>', 'decide as of then, ISO 8601 with offset (default: now)')
    .option('--explain', 'show every offer that was weighed')
    .option('--json', 'print the very bytes a server would answer')
    .option('--snapshot <id>', 'id, the start of one, or `current`', 'current')
    .option('--request <file>', 'a whole request in JSON, instead of the options above')
    .option('--requests <file>', 'requests in NDJSON; answers with one line of JSON for each')
    .option('--live <file>', 'a row of the decision log; its live state is used')
    .addHelpText(
      'after',
      '\nExamples:\n  $ offerwright decide --shopper s-1 --slots 5 --explain\n' +
        '  $ offerwright decide --requests asked.ndjson > answers.ndjson',
    )
    .action(run)
}

async function run(options: DecideOptions): Promise<void> {
  const { LocalDecisions } = await import('./local-decisions.ts')
  const folders = shopFolders(options)
  const id = await resolveSnapshotId(folders.snapshots, options.snapshot)
  const decisions = await LocalDecisions.open(folders, id, options.live)
  const now = Date.now()
  if (options.requests !== undefined) {
    await answerEach(options.requests, (text) => JSON.stringify(decisions.decide(text, now)))
    return
  }
  const text =
    options.request === undefined ? JSON.stringify(requestOf(options)) : readFileSync(options.request, 'utf8')
  const answer = decisions.decide(text, now)
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : `${decisionText(answer).join('\n')}\n`)
}

function requestOf({ shopper, session, item, slots, cart, exclude, time, explain }: DecideOptions): DecideRequest {
  return { shopper, session, item, slots, cart, exclude, time, explain }
}

/** A refused request is answered with its error, as over HTTP, and the ones behind it go on. */
async function answerEach(file: string, answer: (text: string) => string): Promise<void> {
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    process.stdout.write(`${answerOrRefusal(text, answer)}\n`)
  }
}

function answerOrRefusal(text: string, answer: (text: string) => string): string {
  try {
    return answer(text)
  } catch (error) {
    if (!(error instanceof OfferwrightError)) throw error
    process.exitCode = EXIT.refused
    return JSON.stringify(error)
  }
}
