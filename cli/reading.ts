// A ledger opened to be looked at, also beside a running service. A look makes nothing: no keys, no directory.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStore, Position } from '../ledger/store.ts'
import { readConfig, type Config } from './config.ts'
import { besideKeys, filesIn, lostKeys } from './lostKeys.ts'
import { openCustody, openStore, type Custody } from './parts.ts'

/** What was asked for is not there: the sentence says what. */
export class NothingThere extends Error {
  override readonly name = 'NothingThere'
}

/** Whether a start has ever made keys here, or a signer process has them: a look at a ledger must not make any. */
export const hasCustody = ({ dataDir, signer }: Config): boolean =>
  signer !== undefined || existsSync(join(dataDir, 'keys', 'master.json'))

/** Why there is no custody: no start has ever made keys here, they are lost, or their master key is. */
export const whyNoCustody = ({ dataDir }: Config): string => {
  const keys = join(dataDir, 'keys')
  if (filesIn(keys) > 0) return `${keys} has lost its master.json: restore it from a backup`
  const beside = besideKeys(dataDir)
  return beside === undefined
    ? `there are no keys in ${dataDir}: set DATA_DIR, or start the service once`
    : lostKeys(dataDir, beside)
}

/** @throws NothingThere where no start has ever made keys, or where they or their master key are lost: nothing is made in its stead */
export const requireCustody = (config: Config): void => {
  if (!hasCustody(config)) throw new NothingThere(whyNoCustody(config))
}

/**
 * Opens the keys for as long as `act` lasts. Custody says who has the data directory: the embedded read models are one process's at a time.
 * @throws NothingThere; KeyFault while another process has them
 */
export const withCustody = async <T>(config: Config, act: (custody: Custody) => Promise<T>): Promise<T> => {
  requireCustody(config)
  const custody = await openCustody(config)
  try {
    return await act(custody)
  } finally {
    await custody.close()
  }
}

/** Whether there is a ledger to be opened: one that a start has made here, or a server's. */
export const hasLedger = ({ dataDir, ledgerUrl }: Config): boolean =>
  ledgerUrl !== undefined || existsSync(join(dataDir, 'ledger'))

const requireLedger = (config: Config): void => {
  if (!hasLedger(config))
    throw new NothingThere(`there is no ledger in ${config.dataDir}: set DATA_DIR, or start the service once`)
}

/** What a start has made is there, before anything is asked of it or made in its stead. @throws NothingThere */
export const requireInstallation = (config: Config): void => {
  requireCustody(config)
  requireLedger(config)
}

const headOf = async (store: EventStore): Promise<Position | undefined> => {
  for await (const { position } of store.readAll({ direction: 'backwards', limit: 1 })) return position
  return undefined
}

/**
 * Opens the ledger read-only for as long as `act` lasts.
 * @throws NothingThere where no start has ever made one
 */
export const reading = async <T>(
  env: NodeJS.ProcessEnv,
  act: (store: EventStore, config: Config, head: Position | undefined) => Promise<T>,
): Promise<T> => {
  const config = readConfig(env)
  requireLedger(config)
  const store = await openStore(config, { readOnly: true })
  try {
    return await act(store, config, await headOf(store))
  } finally {
    await store.close()
  }
}
