// `grand-livre migrate`: what has to be done once before the processes start. Tables, the authorities' keys and certificates, the
// responder's, the parameters in force. Given again, it does nothing; of two at once, the second waits, and finds it done.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdCeremony } from '../../commands/ceremony.ts'
import { recordParameters } from '../../commands/documents.ts'
import { ensureResponder } from '../../commands/responder.ts'
import { openLockSession } from '../../host/postgresLocks.ts'
import { unlessStopped } from '../../jobs/keepResponder.ts'
import { LedgerFault, type EventStore } from '../../ledger/store.ts'
import { openCommon } from '../compose/common.ts'
import { recordCurrentKek } from '../compose/jobs.ts'
import { openInstallationTurns } from '../compose/turns.ts'
import { openWhole } from '../closing.ts'
import type { Config } from '../config.ts'
import { openDocuments } from '../documentFiles.ts'
import { openCustody, openReadModels, openStore, systemClock } from '../parts.ts'
import { requireShared, type RoleOptions } from './role.ts'

const askAgainMs = 200

/** A cluster that was started a moment ago has yet to choose its leader. */
const patienceMs = 60_000

/** @throws LedgerFault where it does not come */
const storeOnceThere = async (config: Config): Promise<EventStore> => {
  const until = performance.now() + patienceMs
  for (;;)
    try {
      return await openStore(config)
    } catch (error) {
      if (!(error instanceof LedgerFault) || performance.now() > until) throw error
      await sleep(askAgainMs)
    }
}

export type Migrated = Readonly<{
  /** Ledger entries that were written: none, where it had been done. */
  written: number
  close: () => Promise<void>
}>

/** @throws whatever kept it from being done; given again, it goes on where it stopped */
export const migrate = (
  config: Config,
  options: Pick<RoleOptions, 'release' | 'onStep'>,
): Promise<Migrated> =>
  openWhole(async ({ opened }) => {
    requireShared('migrate', config)
    const { onStep, release } = options
    const lock = opened(await openLockSession(config.databaseUrl ?? ''))
    while (!(await lock.tryTake('migrate'))) await sleep(askAgainMs)
    onStep('tables of the read models')
    const database = opened(await openReadModels(config))
    onStep('custody')
    const custody = opened(await openCustody(config))
    onStep('ledger')
    const store = opened(await storeOnceThere(config))
    const turns = opened(openInstallationTurns(config.databaseUrl))
    let written = 0
    const counting = {
      ...store,
      append: async (...asked: Parameters<typeof store.append>) => {
        const appended = await store.append(...asked)
        written += asked[1].length
        return appended
      },
    }
    const parts = { store: counting, custody, database, clock: systemClock }
    const { service } = await openCommon(config, parts, { release, turns })
    const chain = await holdCeremony(service, custody.keys, onStep)
    await recordCurrentKek(service, custody)
    await recordParameters(service)
    await openDocuments(join(config.dataDir, 'documents'), config.cguText)
    onStep('OCSP responder')
    await unlessStopped(ensureResponder(service, { keys: custody.keys, ca: chain.ca }))
    return { written }
  })
