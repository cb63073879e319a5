// Custody as the other processes of an installation have it: each act asked of the signer process (docs/adr/0026). Keys are found again
// by their ids at every act, so that a signer that was started anew goes on with whoever worked with the one before.
import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { CardUnreachable, type Cards } from '../../pki/custody.ts'
import type { Signer } from '../../pki/signer.ts'
import type { Custody, CustodyEscrow, CustodyKeys } from '../custody.ts'
import { KeyFault } from '../keyFault.ts'
import type { Mac } from '../wrapping.ts'
import { openClientDataKeys } from './dataKeys.ts'
import { SignerLost } from './faults.ts'
import { openLink, type Call, type LinkParts } from './link.ts'
import { protocolVersion, pseudonyms, type EscrowEntry, type Hello } from './table.ts'

export type SignerCustodyParts = Pick<LinkParts, 'socket' | 'watchMs'> &
  Readonly<{
    /** The policy's: a signer that was opened under another one is none of ours. */
    environment: string
    /** Data keys that are kept. */
    capacity?: number
    /** How long a signer that is not there yet is waited for, in milliseconds. */
    startMs?: number
  }>

const healthMs = 3_000

const macOf = async (call: Call, label: string): Promise<Mac> => {
  const pseudonym = pseudonyms.find((one) => one === label)
  if (pseudonym === undefined) throw new KeyFault(`the key ${label} stays with the signer process`)
  const { id, key } = await call('keys.pseudonym', pseudonym)
  return { id, compute: (data) => createHmac('sha256', key).update(data).digest() }
}

const signerOf = async (call: Call, id: string): Promise<Signer> => {
  const { spki, algorithm } = await call('keys.signer', id)
  return { spki, algorithm, sign: (tbs) => call('keys.sign', id, tbs) }
}

const keysOf = (call: Call, { module, token }: Hello): CustodyKeys => ({
  ...{ module, token },
  generate: (key) => call('keys.generate', key),
  signer: (id) => signerOf(call, id),
  describe: (id) => call('keys.describe', id),
  destroy: (id) => call('keys.destroy', id),
  signatures: () => call('keys.signatures'),
  mac: (label) => macOf(call, label),
  escrowKekById: (id) => call('keys.escrowKekById', id),
})

let readings = 0

async function* entriesOf(call: Call, from = ''): AsyncGenerator<EscrowEntry> {
  const cursor = (readings += 1)
  for (let after = from; ;) {
    const { entries, isLast } = await call('escrow.page', cursor, after)
    yield* entries
    if (isLast) return
    after = entries.at(-1)?.spkiSha256 ?? after
  }
}

const escrowOf = (call: Call): CustodyEscrow => ({
  reserve: (serial) => call('escrow.reserve', serial),
  discard: (serial) => call('escrow.discard', serial),
  keep: (record) => call('escrow.keep', record),
  release: (serial, of) => call('escrow.release', serial, of),
  releaseTo: (serial, transportKey, of) => call('escrow.releaseTo', serial, transportKey, of),
  inventory: async () => {
    const held = []
    for await (const { spkiSha256, serial, state, kek } of entriesOf(call))
      held.push({
        ...{ spkiSha256, kept: state === 'kept', state },
        ...(serial === undefined ? {} : { serial }),
        ...(state === 'kept' ? {} : { kek }),
      })
    return held
  },
  fillStock: async (count, goesOn = () => true) => {
    let made = 0
    while (goesOn() && (await call('escrow.stock', count))) made += 1
    return made
  },
  rows: (after) => entriesOf(call, after),
  currentKek: () => call('escrow.currentKek'),
  retireKek: (kek) => call('escrow.retireKek', kek),
  keks: () => call('escrow.keks'),
  countsByKek: () => call('escrow.countsByKek'),
  rewrap: (spkiSha256, to) => call('escrow.rewrap', spkiSha256, to),
  handOver: (asked) => call('escrow.handOver', asked),
  unkept: () => call('escrow.unkept'),
  statesOf: (names) => call('escrow.statesOf', names),
  stockCount: () => call('escrow.stockCount'),
  setStockCount: (count) => call('escrow.setStockCount', count),
  holds: (spkiSha256) => call('escrow.holds', spkiSha256),
  destroyKey: (spkiSha256) => call('escrow.destroyKey', spkiSha256),
  keyOf: (serial) => call('escrow.keyOf', serial),
  destroyKek: (kek) => call('escrow.destroyKek', kek),
  destroyKeksAgain: () => call('escrow.destroyKeksAgain'),
  purgedTo: () => call('escrow.purgedTo'),
  setPurgedTo: (position) => call('escrow.setPurgedTo', position),
})

/** A card whose signer is gone is one that does not answer: nothing is known to be wrong with it, and the same act is given again. */
const atCard = async <T>(act: Promise<T>): Promise<T> => {
  try {
    return await act
  } catch (error) {
    throw error instanceof SignerLost ? new CardUnreachable(error.message, { cause: error }) : error
  }
}

const cardsOf = (call: Call, { capabilities }: Hello): Cards => ({
  capabilities,
  begin: (card) => atCard(call('cards.begin', card)),
  write: (card) => atCard(call('cards.write', card)),
  read: (card) => atCard(call('cards.read', card)),
  testDecryption: (card) => atCard(call('cards.testDecryption', card)),
  definePin: (card) => atCard(call('cards.definePin', card)),
  unblock: (card) => atCard(call('cards.unblock', card)),
  erase: (card) => atCard(call('cards.erase', card)),
  health: () => call('cards.health').catch(() => 'out of reach'),
})

/** @throws KeyFault for a signer of another version, another policy or another installation */
const requireSame = (environment: string, first: Hello | undefined, hello: Hello): void => {
  if (hello.version !== protocolVersion)
    throw new KeyFault('the signer process is of another version: start all processes with the same one')
  if (hello.environment !== environment)
    throw new KeyFault(
      `the signer process was opened for ${hello.environment}, and the policy is for ${environment}`,
    )
  if (first !== undefined && !Buffer.from(first.registersKey).equals(hello.registersKey))
    throw new KeyFault('another installation answers at the socket of the signer process')
}

/**
 * Custody over the socket of a signer process.
 * @throws SignerLost when none comes; KeyFault for one that is not ours
 */
export const openSignerCustody = async (parts: SignerCustodyParts): Promise<Custody> => {
  const { socket, environment, capacity, watchMs, startMs = 15_000 } = parts
  const later: Call = (name, ...asked) => link.call(name, ...asked)
  let hello: Hello | undefined
  const dataKeys = openClientDataKeys({
    call: later,
    isFresh: () => performance.now() < link.heardAt() + (hello?.leaseMs ?? 0),
    ...(capacity === undefined ? {} : { capacity }),
  })
  const link = await openLink(
    {
      socket,
      forget: dataKeys.drop,
      lost: dataKeys.dropAll,
      greeted: (said) => {
        requireSame(environment, hello, said)
        hello = said
      },
      ...(watchMs === undefined ? {} : { watchMs }),
    },
    startMs,
  )
  const { call } = link
  const first = hello as unknown as Hello
  const health = (): Promise<true | string> =>
    call('health').catch((error: unknown) => (error instanceof KeyFault ? error.message : 'out of reach'))
  return {
    keys: keysOf(call, first),
    keysHealth: () => Promise.race([health(), pause(healthMs, 'no answer', { ref: false })]),
    vault: {
      dataKeys,
      escrow: escrowOf(call),
      deliveries: {
        put: (sha256, bytes, passphrase) => call('deliveries.put', sha256, bytes, passphrase),
        take: (sha256) => call('deliveries.take', sha256),
        remove: (sha256) => call('deliveries.remove', sha256),
        inventory: () => call('deliveries.inventory'),
        passphraseOf: (sha256) => call('deliveries.passphraseOf', sha256),
      },
      journals: {
        journalOf: (key) => call('journals.journalOf', key),
        setJournal: (key, journal) => call('journals.setJournal', key, journal),
      },
      requireHeld: () => call('requireHeld'),
    },
    cards: cardsOf(call, first),
    registersKey: Buffer.from(first.registersKey),
    passphraseFrom: first.passphraseFrom,
    close: async () => {
      await link.close()
      dataKeys.dropAll()
    },
  }
}
