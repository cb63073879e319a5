// What the status process reads while it is there: rows, ledger, the responder's key. Each may come and go; nothing here writes.
import { createCrlFile, type CrlFile } from '../../api/crlFile.ts'
import { findAuthorities, type Authorities } from '../../commands/findChain.ts'
import type { PublicAuthority } from '../../commands/issuing.ts'
import type { Responder } from '../../commands/responder.ts'
import { followResponder } from '../../jobs/followResponder.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { followCheckpoints, type Followed } from '../../projections/followCheckpoints.ts'
import { readModels } from '../../projections/readModels.ts'
import { openDatabase, type OpenDatabase } from '../../readmodels/database.ts'
import type { Config } from '../config.ts'
import { instantsOf, ledgerOver, openCustody, openStore, systemClock, type Custody } from '../parts.ts'
import { retried, type Retried } from './retried.ts'

/** What is asked for is not there at this moment. */
export class OutOfReach extends Error {
  override readonly name = 'OutOfReach'
}

const noWords = (): string => ''

type Following = Readonly<{ ledger: Ledger; standing: Followed; close: () => Promise<void> }>

export type StatusSources = Readonly<{
  db: OpenDatabase['db']
  now: () => string
  standing: () => Followed | undefined
  custody: () => Custody | undefined
  /** Who signs OCSP answers now. @throws OutOfReach */
  responder: () => Promise<Responder>
  authorities: () => Promise<Authorities | undefined>
  /** The newest list of an authority, as the rows have it now. */
  list: (authority: PublicAuthority) => Promise<CrlFile | undefined>
  close: () => Promise<void>
}>

export type OnSourceFault = (source: 'ledger' | 'signer', error: unknown) => void

/** Opens them beside everything else: it waits for nobody. */
export const openStatusSources = async (config: Config, onFault: OnSourceFault): Promise<StatusSources> => {
  const now = instantsOf(systemClock)
  const { db, close } = await openDatabase({
    url: config.databaseUrl ?? '',
    ...{ asItStands: true, readOnly: true },
  })
  const custody: Retried<Custody> = retried(
    () => openCustody(config),
    (error) => onFault('signer', error),
  )
  const following: Retried<Following> = retried(
    async () => {
      const store = await openStore(config)
      const ledger = ledgerOver(store, config, undefined)
      const standing = followCheckpoints({ ledger, db, projections: readModels(noWords), now })
      const stop = async (): Promise<void> => {
        await standing.stop()
        await ledger.close()
      }
      return { ledger, standing, close: stop }
    },
    (error) => onFault('ledger', error),
  )
  let follow: (() => Promise<Responder>) | undefined
  const crlFiles = new Map<string, () => Promise<CrlFile | undefined>>()
  const responder = async (): Promise<Responder> => {
    const [ledger, keys] = [following.get()?.ledger, custody.get()?.keys]
    if (ledger === undefined || keys === undefined) throw new OutOfReach('ledger or signer')
    follow ??= followResponder({ service: { ledger, policy: config.policy, now }, keys })
    return follow()
  }
  return {
    ...{ db, now, responder },
    standing: () => following.get()?.standing,
    custody: custody.get,
    authorities: async () => {
      const ledger = following.get()?.ledger
      return ledger === undefined ? undefined : findAuthorities({ ledger, policy: config.policy })
    },
    list: (authority) => {
      const known = crlFiles.get(authority.id) ?? createCrlFile({ db }, authority)
      crlFiles.set(authority.id, known)
      return known()
    },
    close: async () => {
      await following.close()
      await custody.close()
      await close()
    },
  }
}
