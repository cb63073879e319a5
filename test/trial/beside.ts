// What is done to an installation of processes from outside of them, while its signer runs: facts are written as those who came before
// would have left them.
import { openCommon, type Common } from '../../cli/compose/common.ts'
import { openInstallationTurns } from '../../cli/compose/turns.ts'
import type { Config } from '../../cli/config.ts'
import { openCustody, openReadModels, openStore, systemClock } from '../../cli/parts.ts'

/** @param config as its processes have it */
export const beside = async <T>(config: Config, act: (common: Common) => Promise<T>): Promise<T> => {
  const [store, custody, database] = await Promise.all([
    openStore(config),
    openCustody(config),
    openReadModels(config, { asItStands: true }),
  ])
  try {
    const turns = openInstallationTurns(undefined)
    const parts = { store, custody, database, clock: systemClock }
    return await act(await openCommon(config, parts, { release: 'test', turns }))
  } finally {
    await Promise.all([store.close(), custody.close(), database.close()])
  }
}
