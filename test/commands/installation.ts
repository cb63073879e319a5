// An installation with real parts in a directory of its own: the embedded ledger, software keys, the vault, cards in software.
// It can be stopped before any of its outside effects, as a power cut would stop it, and started again from what is on disk.
import { randomBytes, randomUUID } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { createActors } from '../../commands/actors.ts'
import { holdCeremony, type Chain } from '../../commands/ceremony.ts'
import { createHandle } from '../../commands/handle.ts'
import { issueCertificate, type Issuance } from '../../commands/issueCertificate.ts'
import type { Service } from '../../commands/program.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import { card } from '../../domain/card.ts'
import { request } from '../../domain/request.ts'
import type { Env } from '../../domain/event.ts'
import type { Event } from '../../domain/kernel.ts'
import { openMaster } from '../../hsm/passphrase.ts'
import type { HolderCards } from '../../hsm/holderCards.ts'
import { openSoftCards } from '../../hsm/softCard.ts'
import { openVault, type Vault } from '../../hsm/vault.ts'
import type { WrappingKeys } from '../../hsm/wrapping.ts'
import { openTurns, type InTurn } from '../../domain/turns.ts'
import { inOrder } from '../../jobs/port.ts'
import { resumeAll } from '../../jobs/resume.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { ServiceKeys } from '../../pki/custody.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { openIntents } from '../../projections/intents.ts'
import { recoveries } from '../../projections/recoveries.ts'
import { certificateStatus } from '../../projections/certificateStatus.ts'
import { takes, type Applied, type Projection } from '../../projections/projection.ts'
import { crlEntriesUpTo } from '../../readmodels/crls.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { openSomeDatabase } from '../support/database.ts'
import { findIntents } from '../../readmodels/intents.ts'
import { collectableRecoveries } from '../../readmodels/recoveries.ts'
import { openKeys, passphrase } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import { holderKeys, transportPair } from '../support/holderKeys.ts'
import * as f from './facts.ts'

/** The shipped policy with keys of the authorities that are made and used quickly; holders keep their RSA-3072. */
const policy = {
  ...f.policy,
  root: { ...f.policy.root, algorithm: 'ecP384' as const },
  issuing: { ...f.policy.issuing, algorithm: 'ecP384' as const },
  ocsp: { ...f.policy.ocsp, algorithm: 'ecP256' as const },
}

/** The power went. */
class PowerCut extends Error {
  override readonly name = 'PowerCut'
}

export type Effects = Readonly<{
  /** Called before each outside effect. @throws PowerCut at the one that never comes about, and at all that follow */
  before: (name: string) => void
  /** What came about, in order. */
  names: readonly string[]
  isCut: () => boolean
}>

/** @param cutAt the outside effect, from 1, that does not come about; 0 for none */
export const openEffects = (cutAt = 0): Effects => {
  const names: string[] = []
  let cut = false
  return {
    names,
    isCut: () => cut,
    before: (name) => {
      cut ||= names.length + 1 === cutAt
      if (cut) throw new PowerCut(`before ${name}`)
      names.push(name)
    },
  }
}

export type Installation = Readonly<{
  issuance: Issuance
  service: Service
  ledger: Ledger
  keys: ServiceKeys & Pick<WrappingKeys, 'escrowKekById'>
  vault: Vault
  cards: HolderCards
  chain: Chain
  close: () => Promise<void>
}>

/** Opens the installation of a directory, or makes it. */
export const openInstallation = async (
  directory: string,
  now: () => string,
  effects: Effects = openEffects(),
): Promise<Installation> => {
  const clock = (): Date => new Date(now())
  const keys = await openKeys(directory)
  const vault: Vault = await openVault({
    ...{
      directory: join(directory, 'vault'),
      keys,
      now,
      holderKeys: holderKeys(() => vault.escrow.inventory()),
    },
    randomBytes: (length) => {
      // Each record of the vault is written under a nonce of its own.
      if (length === 12) effects.before('a record of the vault')
      return randomBytes(length)
    },
  })
  const soft = await openSoftCards({
    ...{ directory: join(directory, 'cards'), pinTries: policy.card.pinTries, cost: 2 },
    master: await openMaster(join(directory, 'keys'), passphrase, { cost: 2 }),
    transportPair,
  })
  const cards: HolderCards = {
    ...soft,
    write: async (asked) => {
      effects.before('the writing of the card')
      await soft.write(asked)
    },
    erase: async (asked) => {
      effects.before('the erasure of the card')
      return await soft.erase(asked)
    },
  }
  const embedded = await openEmbeddedStore({ path: join(directory, 'ledger'), clock })
  const store: typeof embedded = {
    ...embedded,
    append: async (stream, events, expected) => {
      effects.before(events.map(({ type }) => type).join(', '))
      return await embedded.append(stream, events, expected)
    },
  }
  const ledger = createLedger({ store, keys: vault.dataKeys, log: policy.log, now: clock, randomBytes })
  const handle = createHandle({ ledger, policy: policy.version, release: 'test' })
  const actors = createActors({ handle, journals: vault.journals, now, newId: randomUUID })
  const program = {
    id: 'program',
    kind: 'component',
    person: uuid(4),
    entities: [],
    auth: 'service',
  } as const
  const service: Service = {
    ...{ handle, ledger, policy, now, randomBytes },
    actor: () => actors(program, 'program'),
  }
  const chain = await holdCeremony(service, keys, () => undefined)
  const mac = await keys.mac('subject-names')
  const subjectMac = (text: string): string => mac.compute(text).toString('hex')
  const issuance = { service, ca: chain.ca, escrow: vault.escrow, cards, subjectMac }
  const close = async (): Promise<void> => {
    await ledger.close()
    await vault.close()
    await keys.close()
  }
  return { issuance, service, ledger, keys, vault, cards, chain, close }
}

/** A validated request with its session open and its card allotted, a new one or one in use: all that issuance asks for. */
export const openCase = async (
  { service }: Installation,
  n: number,
  recover: readonly string[] = [],
  usedCard?: string,
): Promise<{ request: string; serial: string; card: string }> => {
  const [id, cardId, serial] = [uuid(500 + n), usedCard ?? uuid(600 + n), `4${String(n).padStart(31, '0')}`]
  const opened = { ...f.sessionOpened.data, card: cardId, serial, recover: [...recover] }
  await f.employer(service.handle, uuid(700))
  await on(request, id, ...[f.requested(), f.accepted, f.identified, f.validated], {
    type: 'SessionOpened',
    data: opened,
  } as typeof f.sessionOpened)(service.handle, uuid(710 + n))
  const serials = [serial, ...recover]
  await on(card, cardId, {
    type: 'CardAllotted',
    data: { ...f.allotted.data, request: id, serials },
  } as typeof f.allotted)(service.handle, uuid(720 + n))
  return { request: id, serial, card: cardId }
}

/** Issues to the end, and hands nothing over. */
export const issue = async (installation: Installation, n: number, recover: readonly string[] = []) => {
  const made = await openCase(installation, n, recover)
  await issueCertificate(installation.issuance, made.request)
  return made
}

export type Recorded = Readonly<{ stream: string; rank: number; event: Event }>

/** Every event of the ledger, opened. */
export const eventsOf = async (ledger: Ledger): Promise<readonly Recorded[]> => {
  const events: Recorded[] = []
  for await (const entry of ledger.entries())
    events.push({
      ...{ stream: entry.stream, rank: events.length },
      event: decodeAny(entry.stream, await ledger.open(entry)),
    })
  return events
}

/** Every event of the ledger, as projections take them. */
const batchOf = async (ledger: Ledger): Promise<readonly Applied[]> => {
  const batch: Applied[] = []
  for await (const entry of ledger.entries()) {
    const { stream, revision, id, position, body } = entry
    const env = body.pub['env'] as unknown as Env
    const event = decodeAny(stream, ledger.publicPart(entry))
    const at = { position, rank: batch.length, stream, revision, id, at: body.at, env }
    batch.push({ event, at, open: async () => event })
  }
  return batch
}

/** Projects the whole ledger into tables that hold nothing yet. */
const project = async (db: OpenDatabase['db'], projection: Projection, ledger: Ledger): Promise<void> => {
  const own = (await batchOf(ledger)).filter(({ at }) => takes(projection, at.stream))
  for (const table of projection.tables) await db.deleteFrom(table).execute()
  await db.transaction().execute((tx) => projection.apply(tx, own))
}

/**
 * What a start does before it takes commands: finds the intents without outcome, and goes on with them. And what the next
 * CRL would list.
 */
export const openRestart = async () => {
  const { db, close } = await openSomeDatabase()
  return {
    close,
    goOn: async (
      { ledger, issuance, vault: { deliveries } }: Installation,
      inTurn: InTurn = openTurns(),
    ): Promise<void> => {
      for (const projection of [openIntents, recoveries]) await project(db, projection, ledger)
      const tools = {
        ...{ ...issuance, deliveries, inTurn },
        collectable: (since: string) => collectableRecoveries(db, since),
      }
      await resumeAll(tools, () => findIntents(db), {
        ...{ carrying: 'all', each: inOrder },
      })
    },
    listed: async ({ ledger, chain }: Installation): Promise<readonly string[]> => {
      await project(db, certificateStatus, ledger)
      const entries = await crlEntriesUpTo(db, chain.ca.id, Number.MAX_SAFE_INTEGER)
      return entries.map(({ serial }) => serial)
    },
  }
}

/** Runs `act` in the installation of a directory, until its end or the cut. Opening is not part of it: what that finds is there. */
export const runUntilCut = async (
  directory: string,
  act: (installation: Installation) => Promise<unknown>,
  { cutAt, at }: Readonly<{ cutAt: number; at: string }>,
): Promise<Effects> => {
  let effects = openEffects()
  const installation = await openInstallation(directory, () => at, {
    ...effects,
    before: (name) => effects.before(name),
  })
  effects = openEffects(cutAt)
  try {
    await act(installation)
  } catch (error) {
    if (!effects.isCut()) throw error
  } finally {
    await installation.close()
  }
  return effects
}

/** @returns makes an installation of its own, as the template left it */
export const openCopies = (scratch: string, template: string): (() => Promise<string>) => {
  let copies = 0
  return async () => {
    const directory = join(scratch, String((copies += 1)))
    await cp(template, directory, { recursive: true })
    return directory
  }
}
