/** A HOME for one measured server: the cached snapshot, campaigns of its own, empty logs. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { shopPaths } from '../../server/config.ts'

export interface BenchHome {
  home: string
  /** Folder of the snapshots. */
  store: string
  remove(): Promise<void>
}

/** `store` null: an empty folder of snapshots. */
export async function benchHome(campaigns: CampaignFile, store: string | null): Promise<BenchHome> {
  const home = await mkdtemp(join(tmpdir(), 'offerwright-bench-home-'))
  const paths = shopPaths({ home, shop: 'default' })
  await mkdir(join(home, 'shops', 'default'), { recursive: true })
  if (store === null) await mkdir(paths.snapshots)
  else await symlink(store, paths.snapshots)
  await writeFile(paths.campaigns, JSON.stringify(campaigns))
  return { home, store: paths.snapshots, remove: () => rm(home, { recursive: true, force: true }) }
}
