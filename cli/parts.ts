// The parts that an installation stands on, opened from its settings: the event store, custody, and the ledger over both.
// `start` opens all of them; the commands that look at a ledger open what they need, read-only where they can.
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant } from '../domain/kernel.ts'
import { subkey } from '../hsm/box.ts'
import { clearAbandoned } from '../hsm/durable.ts'
import { findPassphrase, openMaster } from '../hsm/passphrase.ts'
import { openSoftCards } from '../hsm/softCard.ts'
import type { Custody, HeldCustody } from '../hsm/custody.ts'
import { KeyFault } from '../hsm/keyFault.ts'
import type { Pkcs11Keys } from '../hsm/pkcs11.ts'
import { signaturesFile } from '../hsm/signatureCount.ts'
import { openSoftwareKeys } from '../hsm/software.ts'
import { lockVault, openVault } from '../hsm/vault.ts'
import type { MakePair } from '../hsm/wrappedKey.ts'
import type { WrappingKeys } from '../hsm/wrapping.ts'
import type { Cards, ServiceKeys } from '../pki/custody.ts'
import { requireWhole } from '../ledger/importMark.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { createLedger } from '../ledger/sealedLedger.ts'
import type { EventStore } from '../ledger/store.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { openEmbeddedLedger, openEmbeddedReadModels } from './embeddedParts.ts'
import { openLedgerAt } from './ledgerUrl.ts'
import { requireNoneLost } from './lostKeys.ts'
import type { TokensConfig } from './tokenConfig.ts'

export type { Custody }
export type Clock = () => Date
export const systemClock: Clock = () => new Date()

/** The clock in whole seconds, as events and certificates have it. */
export const instantsOf =
  (clock: Clock): (() => Instant) =>
  () =>
    `${clock().toISOString().slice(0, 19)}Z`

/** scrypt's N, and where key pairs come from, where it is not the default: tests alone have a reason. */
export type CustodyOptions = Readonly<{
  clock?: Clock
  cost?: number
  holderKeys?: MakePair
  /** Of the cards in software. */
  transportPair?: MakePair
}>

/**
 * Custody: of the signer process that SIGNER_SOCKET names, or in this process.
 * @throws PassphraseFault, KeyFault: also when no signer process answers, or another process has the vault open
 */
export const openCustody = async (config: Config, options: CustodyOptions = {}): Promise<Custody> => {
  const { signer: socket, policy } = config
  if (socket === undefined) return await openHeldCustody(config, options)
  const { openSignerCustody } = await import('../hsm/signer/client.ts')
  return await openSignerCustody({ socket, environment: policy.environment })
}

/**
 * Opens keys, vault and cards under the passphrase, in this process.
 * @throws PassphraseFault, KeyFault: also when another process has the vault open
 */
export const openHeldCustody = async (
  config: Config,
  { clock = systemClock, cost, holderKeys, transportPair }: CustodyOptions = {},
): Promise<HeldCustody> => {
  const { dataDir, databaseUrl, env, tokens } = config
  const { passphrase, from } = await findPassphrase(env, dataDir)
  const directory = join(dataDir, 'keys')
  requireNoneLost(dataDir)
  const stretching = cost === undefined ? {} : { cost }
  const master = await openMaster(directory, passphrase, stretching)
  const closes: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const one of closes) await one()
  }
  const vaultDirectory = join(dataDir, 'vault')
  try {
    const lock = await lockVault(vaultDirectory)
    closes.unshift(lock.release)
    await clearAbandoned(directory)
    const keys = await openKeys(tokens, directory, master)
    closes.unshift(keys.close)
    const soft = { ...stretching, ...(transportPair === undefined ? {} : { transportPair }) }
    const cards = await openCards(config, master, soft)
    closes.unshift(cards.close)
    const place = { directory: vaultDirectory, lock, databaseUrl, keys, now: instantsOf(clock) }
    const vault = await openVault({ ...place, ...(holderKeys === undefined ? {} : { holderKeys }) })
    closes.unshift(vault.close)
    const registersKey = subkey(master, registersUse)
    return { keys, keysHealth: keys.health, vault, cards, registersKey, passphraseFrom: from, close }
  } catch (error) {
    await close()
    throw error
  } finally {
    master.fill(0)
  }
}

type OpenCards = Cards & Readonly<{ close: () => Promise<void> }>

/**
 * The driver of the cards that is set.
 * @throws ConfigFault where the policy does not have its cards; ModuleFault
 */
const openCards = async (config: Config, ...how: HowCards): Promise<OpenCards> => {
  const cards = await openDriver(config, ...how)
  const { model } = cards.capabilities
  if (config.policy.card.models.some(({ code }) => code === model)) return cards
  await cards.close()
  throw new ConfigFault(`CARD_DRIVER: its cards are of the model ${model}, which the policy does not accept`)
}

type HowCards = [master: Uint8Array, soft: Pick<CustodyOptions, 'cost' | 'transportPair'>]

/** What programs call a card: ASCII, at most 32 octets. */
const cardLabel = 'AC CONFIDENTIALITE MEF QUALIFIEE'

/** A driver of another kind of card has its case here. */
const openDriver = async (
  { dataDir, policy, cards: settings }: Config,
  ...[master, soft]: HowCards
): Promise<OpenCards> => {
  const { pinTries } = policy.card
  switch (settings.driver) {
    case 'software': {
      const cards = await openSoftCards({ directory: join(dataDir, 'cards'), master, pinTries, ...soft })
      return { ...cards, close: async () => undefined }
    }
    case 'token': {
      const { openTokenCards } = await import('../hsm/tokenCard.ts')
      return await openTokenCards({ ...settings, master, pinTries })
    }
    case 'pcsc': {
      const { openPcscCards } = await import('../hsm/pcsc.ts')
      const { openPcscLite } = await import('../hsm/pcsc/pcscLite.ts')
      const { reader } = settings
      const cards = openPcscCards({ readers: openPcscLite(), reader, master, pinTries, label: cardLabel })
      return { ...cards, close: async () => undefined }
    }
  }
}

type OpenKeys = ServiceKeys & WrappingKeys & Pick<Pkcs11Keys, 'health' | 'close'>

const manifestName = 'pkcs11.json'

/** On the tokens that are set, or in software; never in the one what was begun in the other. @throws KeyFault, ModuleFault */
const openKeys = async (
  tokens: TokensConfig | undefined,
  directory: string,
  master: Uint8Array,
): Promise<OpenKeys> => {
  const names = await readdir(directory)
  if (tokens === undefined) {
    if (names.includes(manifestName))
      throw new KeyFault('the keys of this data directory are on PKCS#11 tokens: PKCS11_MODULE is not set')
    const keys = await openSoftwareKeys({ directory, master })
    return { ...keys, health: async () => true }
  }
  if (names.some((name) => name.endsWith('.key')))
    throw new KeyFault('the keys of this data directory are in software: PKCS11_MODULE is for a new one')
  const { module, sessions, wrapMechanism, ca, escrow } = tokens
  const shared = { module, sessions, wrapMechanism }
  const { openPkcs11Keys } = await import('../hsm/pkcs11.ts')
  return await openPkcs11Keys({
    ...{ ca: { ...shared, ...ca }, escrow: { ...shared, ...escrow } },
    manifest: join(directory, manifestName),
    counts: join(directory, signaturesFile),
  })
}

const registersUse = 'registers'

/** The key of the registers alone, beside a service that runs: nothing else of custody is opened. @throws PassphraseFault, KeyFault */
export const openRegistersKey = async (config: Config): Promise<Buffer> => {
  const { dataDir, env, signer } = config
  if (signer !== undefined) {
    const { registersKey, close } = await openCustody(config)
    await close()
    return registersKey
  }
  const { passphrase } = await findPassphrase(env, dataDir)
  const master = await openMaster(join(dataDir, 'keys'), passphrase)
  try {
    return subkey(master, registersUse)
  } finally {
    master.fill(0)
  }
}

type StoreOptions = Readonly<{
  clock?: Clock
  readOnly?: boolean
  /** For the import itself, which goes on with a ledger that nobody else may open. */
  importing?: boolean
}>

const openAnyStore = async (
  { dataDir, ledgerUrl }: Config,
  { clock = systemClock, readOnly = false }: StoreOptions,
): Promise<EventStore> => {
  return ledgerUrl === undefined ? openEmbeddedLedger(dataDir, { clock, readOnly }) : openLedgerAt(ledgerUrl)
}

/**
 * The embedded store of the data directory, or the EventStoreDB that LEDGER_URL names.
 * @throws ConfigFault where that has a file that is not there; LedgerFault, also while an import into it has not ended
 */
export const openStore = async (config: Config, options: StoreOptions = {}): Promise<EventStore> => {
  const store = await openAnyStore(config, options)
  if (options.importing === true) return store
  try {
    await requireWhole(store)
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The sealed ledger. Without custody it opens no sealed field and writes nothing. */
export const ledgerOver = (
  store: EventStore,
  { policy }: Config,
  dataKeys: Custody['vault']['dataKeys'] | undefined,
  clock: Clock = systemClock,
): Ledger => {
  const closed = { find: async () => undefined, obtain: () => Promise.reject(new Error('there are no keys')) }
  return createLedger({ store, keys: dataKeys ?? closed, log: policy.log, now: clock, randomBytes })
}

/**
 * PGlite in the data directory, or the PostgreSQL that DATABASE_URL names.
 * @throws ConfigFault beside a signer process without DATABASE_URL: the vault's lock does not say any more who has the directory
 */
export const openReadModels = async (
  { dataDir, databaseUrl, signer }: Config,
  { asItStands = false }: Readonly<{ asItStands?: boolean }> = {},
): Promise<OpenDatabase> => {
  if (databaseUrl === undefined && signer !== undefined)
    throw new ConfigFault(
      'DATABASE_URL: is needed, as SIGNER_SOCKET is set: several processes share the read models',
    )
  if (databaseUrl === undefined) return openEmbeddedReadModels(dataDir, asItStands)
  const { openDatabase } = await import('../readmodels/database.ts')
  return openDatabase({ url: databaseUrl, asItStands })
}

/** Keyed digests of search words, under a key in custody. */
export const openBlind = async ({ keys }: Custody): Promise<(kind: string, word: string) => string> => {
  const mac = await keys.mac('search')
  return (kind, word) => mac.compute(`${kind}|${word}`).toString('hex')
}

/** Keyed digests of names in certificates and of whose they are: the key stays as long as the CA lives (ADR 14). */
export const openSubjectMac = async ({ keys }: Custody): Promise<(text: string) => string> => {
  const mac = await keys.mac('subject-names')
  return (text) => mac.compute(text).toString('hex')
}
