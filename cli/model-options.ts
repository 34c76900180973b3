/** Which models are learned: the same options wherever a shop is trained, to serve or to be measured. */
import { type Command, Option } from 'commander'
import {
  PEER_MODEL_NAMES,
  PEER_MODELS,
  type PeerModelName,
  SESSION_MODEL_NAMES,
  SESSION_MODELS,
  type SessionModelName,
} from '../training/neighbours/models.ts'
import { ROW_MODELS, type RowModel, TRAINING_DEFAULTS, type TrainingParameters } from '../training/parameters.ts'

export interface ModelOptions {
  rows: RowModel
  sessions?: SessionModelName
  peers?: PeerModelName
  repurchase?: boolean
}

export function withModels(command: Command): Command {
  return command
    .addOption(
      new Option('--rows <model>', 'how item-item rows are learned')
        .choices(ROW_MODELS)
        .default(TRAINING_DEFAULTS.rows),
    )
    .addOption(
      new Option('--sessions <model>', 'find neighbouring visits; none without it').choices(SESSION_MODEL_NAMES),
    )
    .addOption(new Option('--peers <model>', 'find similar shoppers; none without it').choices(PEER_MODEL_NAMES))
    .option('--repurchase', 'buying again counts: for shops whose shoppers come back for the same')
}

export function chosenModels({ rows, sessions, peers, repurchase }: ModelOptions): Partial<TrainingParameters> {
  return {
    rows,
    sessions: sessions === undefined ? null : SESSION_MODELS[sessions],
    peers: peers === undefined ? null : PEER_MODELS[peers],
    repurchase: repurchase === true,
  }
}
