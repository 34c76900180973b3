/** Command: recommendations to visitors' sessions of a published data set, their cost and quality together. */
import { type Command, Option } from 'commander'
import { listLength, positive, wholeNumber } from '../../cli/number-options.ts'
import { SESSION_FORMATS } from '../../training/evaluation/session-files.ts'
import { EVALUATED_MODELS } from '../../training/evaluation/session-models.ts'
import { TRAINING_DEFAULTS } from '../../training/parameters.ts'
import { benchSessions } from '../sessions/sessions.ts'
import { renderSessions } from '../sessions/sessions-report.ts'
import { print, say } from './print.ts'

export function addSessionsCommand(program: Command): void {
  program
    .command('sessions')
    .description(
      'recommendations to sessions of a data set over HTTP: CPU beside a bare handler, and how good they are',
    )
    .requiredOption('--train <file>', 'sessions to learn from; .gz too')
    .requiredOption('--test <file>', 'what to ask')
    .addOption(
      new Option('--format <name>', 'as in `offerwright evaluate sessions`')
        .choices(SESSION_FORMATS)
        .default('sessions'),
    )
    .addOption(new Option('--model <name>', 'what is learned').choices(EVALUATED_MODELS).default('vmis'))
    .option('--k <n>', 'length of the lists', listLength, 20)
    .option('--threads <n>', 'threads of the training', positive, TRAINING_DEFAULTS.threads)
    .option('--workers <n>', 'deciding threads of the server; 0: the one that listens', wholeNumber, 1)
    .option('--connections <n>', 'connections of the closed loop', positive, 32)
    .option('--seconds <n>', 'seconds of each stretch of load', positive, 3)
    .option('--rounds <n>', 'interleaved rounds', positive, 5)
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber, TRAINING_DEFAULTS.seed)
    .option('--json', 'one line of JSON', false)
    .addHelpText(
      'after',
      '\nExample:\n  npm run bench -- sessions --train train.txt.gz --test test.txt.gz --format clicks --k 20',
    )
    .action(async (options) => print(await benchSessions(options, say), renderSessions, options.json))
}
