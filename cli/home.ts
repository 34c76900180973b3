/** Where a shop's files are. One folder per home, one folder in it per shop; every command finds its files here. */
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEFAULT_SHOP, SHOP_ID_PATTERN } from '../core/contract/ids.ts'

export interface ShopFolders {
  home: string
  shop: string
  /** `<home>/shops/<shop>`; all that follows is inside. */
  root: string
  /** What a merchant exports: events, items, campaigns, mapping. */
  source: string
  /** What import makes of it: Parquet, quality report, rejected rows. */
  data: string
  /** What the training stages make of that: one section file each. */
  sections: string
  /** Published snapshots and the pointer `CURRENT`. */
  snapshots: string
  /** The live campaign file; a running server watches it. */
  campaigns: string
  /** Events, decisions and catalogue changes, in segments; Parquet of them in `parquet`. */
  log: string
  /** Codes that are good once, and their redemptions: a SQLite database. */
  ledger: string
}

export interface HomeOptions {
  home: string
  shop: string
  /** Where servers share one. */
  ledger?: string
}

export function shopFolders({ home, shop, ledger }: HomeOptions): ShopFolders {
  const root = join(resolve(home), 'shops', shop)
  return {
    home: resolve(home),
    shop,
    root,
    source: join(root, 'source'),
    data: join(root, 'data'),
    sections: join(root, 'sections'),
    snapshots: join(root, 'snapshots'),
    campaigns: join(root, 'campaigns.json'),
    log: join(root, 'log'),
    ledger: ledger === undefined ? join(root, 'ledger.sqlite') : resolve(ledger),
  }
}

/** Adds `--home` and `--shop`, which every command that reads or writes a shop's files takes. */
export function withHome(command: Command): Command {
  return command
    .addOption(
      new Option('--home <folder>', 'folder that holds the shops').env('OFFERWRIGHT_HOME').default('.offerwright'),
    )
    .addOption(
      new Option('--shop <id>', 'shop to work on').env('OFFERWRIGHT_SHOP').default(DEFAULT_SHOP).argParser(parseShopId),
    )
}

/** Adds `--ledger`, which commands take that read or write it. */
export function withLedger(command: Command): Command {
  return command.addOption(
    new Option('--ledger <file>', "the ledger that the shop's servers share (default: the shop's own)").env(
      'OFFERWRIGHT_LEDGER',
    ),
  )
}

function parseShopId(text: string): string {
  if (!new RegExp(SHOP_ID_PATTERN).test(text)) throw new InvalidArgumentError(`A shop id matches ${SHOP_ID_PATTERN}.`)
  return text
}
