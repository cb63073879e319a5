// What every process that knows custody stands on: the sealed ledger, the handler of commands, the program as an actor.
import { randomBytes, randomUUID } from 'node:crypto'
import { createActors, program, type Actors } from '../../commands/actors.ts'
import { createHandle, type Handle } from '../../commands/handle.ts'
import type { Service } from '../../commands/program.ts'
import { purgeDestroyed } from '../../commands/purge.ts'
import { requireOwn } from '../../commands/requireOwn.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { EventStore } from '../../ledger/store.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import type { Config } from '../config.ts'
import { unmeasured, type Measure } from '../observed.ts'
import { instantsOf, ledgerOver, openBlind, openSubjectMac, type Clock, type Custody } from '../parts.ts'
import type { Turns } from './turns.ts'

/** What is opened before, and closed after. */
export type Parts = Readonly<{ store: EventStore; custody: Custody; database: OpenDatabase; clock: Clock }>

export type Common = Readonly<{
  config: Config
  release: string
  custody: Custody
  db: OpenDatabase['db']
  turns: Turns
  ledger: Ledger
  handle: Handle
  actors: Actors
  service: Service
  now: Service['now']
  /** Keyed digests of search words, and of names in certificates. */
  blind: (kind: string, word: string) => string
  subjectMac: (text: string) => string
  /** Watches over commands and jobs. */
  measure: Measure
}>

/** What the port says is true of a destruction that somebody orders; whoever has restored a backup is told what to do about it. */
const oldVault = ({ message }: KeyFault): KeyFault =>
  new KeyFault(
    `${message}, and the ledger says that it was: this vault is of a backup from before its keys were moved. Give back a later one (docs/backup.md)`,
    { code: 'kekNeeded' },
  )

/** @throws faults of the ledger or of custody: nothing is to be served then */
export const openCommon = async (
  config: Config,
  { store, custody, database, clock }: Parts,
  { release, turns, measure = unmeasured }: Readonly<{ release: string; turns: Turns; measure?: Measure }>,
): Promise<Common> => {
  const { policy } = config
  const { vault } = custody
  const now = instantsOf(clock)
  const ledger = ledgerOver(store, config, vault.dataKeys, clock)
  const handle = measure.handle(createHandle({ ledger, policy: policy.version, release }))
  const actors = createActors({ handle, journals: vault.journals, now, newId: randomUUID })
  const service: Service = {
    ...{ handle, ledger, policy, now, randomBytes },
    actor: () => actors(program, 'program'),
  }
  await requireOwn({ ledger, policy }, custody.keys)
  // Before a sealed field is opened or a key handed out: a restored vault has what was destroyed after its backup.
  await purgeDestroyed({ ledger, ...vault }).catch((error: unknown) => {
    throw error instanceof KeyFault && error.code === 'kekNeeded' ? oldVault(error) : error
  })
  return {
    ...{ config, release, custody, db: database.db, turns, ledger, handle, actors, service, now, measure },
    blind: await openBlind(custody),
    subjectMac: await openSubjectMac(custody),
  }
}
