// What the signer process does for its clients: each operation of the table over the custody that it holds. Several clients ask at once:
// what fills the stock goes one after the other, and the escrow itself has turns for a serial and for a key.
import { openTurns } from '../../domain/turns.ts'
import type { KekDescription } from '../../pki/custody.ts'
import type { HeldCustody } from '../custody.ts'
import { KeyFault } from '../keyFault.ts'
import { passingOn } from './channel.ts'
import { protocolVersion, pseudonyms, type EscrowEntry, type Hello, type Operations } from './table.ts'

export type ActsParts = Readonly<{
  custody: HeldCustody
  environment: string
  leaseMs: number
  /** Resolves once no client keeps the data key any more. */
  forgotten: (keyId: string) => Promise<void>
}>

type Shared = Omit<Operations, 'escrow.page'>

const described = ({ id, module, token, attributes }: KekDescription): KekDescription => ({
  ...{ id, module, token, attributes },
})

const helloOf = ({ custody, environment, leaseMs }: ActsParts): Hello => ({
  version: protocolVersion,
  module: custody.keys.module,
  token: custody.keys.token,
  capabilities: custody.cards.capabilities,
  registersKey: Uint8Array.from(custody.registersKey),
  passphraseFrom: custody.passphraseFrom,
  ...{ environment, leaseMs },
})

const keyActs = ({ keys }: HeldCustody) => ({
  'keys.generate': (key: Parameters<Shared['keys.generate']>[0]) => keys.generate(key),
  'keys.signer': async (id: string) => {
    const { spki, algorithm } = await keys.signer(id)
    return { spki, algorithm }
  },
  'keys.sign': async (id: string, tbs: Uint8Array) => (await keys.signer(id)).sign(tbs),
  'keys.describe': (id: string) => keys.describe(id),
  'keys.destroy': (id: string) => keys.destroy(id),
  'keys.signatures': () => keys.signatures(),
  'keys.escrowKekById': async (id: string) => described(await keys.escrowKekById(id)),
  'keys.pseudonym': async (label: string) => {
    if (!pseudonyms.some((one) => one === label)) throw new KeyFault('that key is for no pseudonyms')
    const { id, key } = await keys.macKey(label)
    return { id, key }
  },
})

const dataKeyActs = ({ custody: { vault }, forgotten }: ActsParts) => {
  const { dataKeys } = vault
  return {
    'dataKeys.find': async (keyId: string) => {
      const key = await dataKeys.find(keyId)
      return key && passingOn(key)
    },
    'dataKeys.obtain': async (keyId: string) => passingOn(await dataKeys.obtain(keyId)),
    'dataKeys.destroy': async (keyId: string) => {
      await dataKeys.destroy(keyId)
      await forgotten(keyId)
    },
    'dataKeys.isDestroyed': (keyId: string) => dataKeys.isDestroyed(keyId),
    'dataKeys.purgedTo': () => dataKeys.purgedTo(),
    'dataKeys.setPurgedTo': (position: string) => dataKeys.setPurgedTo(position),
  }
}

const escrowActs = ({ vault: { escrow } }: HeldCustody) => {
  const inTurn = openTurns()
  const once = () => {
    let isFirst = true
    return (): boolean => {
      const goesOn = isFirst
      isFirst = false
      return goesOn
    }
  }
  return {
    'escrow.reserve': (serial: string) => escrow.reserve(serial),
    'escrow.discard': (serial: string) => escrow.discard(serial),
    'escrow.keep': (record: Parameters<Shared['escrow.keep']>[0]) => escrow.keep(record),
    'escrow.release': async (serial: string, of?: string) => passingOn(await escrow.release(serial, of)),
    'escrow.releaseTo': (serial: string, transportKey: Uint8Array, of?: string) =>
      escrow.releaseTo(serial, transportKey, of),
    'escrow.stock': (count: number) =>
      inTurn('stock', async () => (await escrow.fillStock(count, once())) > 0),
    'escrow.currentKek': async () => described(await escrow.currentKek()),
    'escrow.retireKek': (kek: string) => escrow.retireKek(kek),
    'escrow.keks': () => escrow.keks(),
    'escrow.countsByKek': () => escrow.countsByKek(),
    'escrow.rewrap': (spkiSha256: string, to: string) => escrow.rewrap(spkiSha256, to),
    'escrow.handOver': (asked: Parameters<Shared['escrow.handOver']>[0]) => escrow.handOver(asked),
    'escrow.unkept': () => escrow.unkept(),
    'escrow.statesOf': (names: readonly string[]) => escrow.statesOf(names),
    'escrow.stockCount': () => escrow.stockCount(),
    'escrow.setStockCount': (count: string) => escrow.setStockCount(count),
    'escrow.holds': (spkiSha256: string) => escrow.holds(spkiSha256),
    'escrow.destroyKey': (spkiSha256: string) => escrow.destroyKey(spkiSha256),
    'escrow.keyOf': (serial: string) => escrow.keyOf(serial),
    'escrow.destroyKek': (kek: string) => escrow.destroyKek(kek),
    'escrow.destroyKeksAgain': () => escrow.destroyKeksAgain(),
    'escrow.purgedTo': () => escrow.purgedTo(),
    'escrow.setPurgedTo': (position: string) => escrow.setPurgedTo(position),
  }
}

const cardActs = ({ cards }: HeldCustody) => ({
  'cards.begin': (card: string) => cards.begin(card),
  'cards.write': (card: Parameters<Shared['cards.write']>[0]) => cards.write(card),
  'cards.read': (card: string) => cards.read(card),
  'cards.testDecryption': (card: string) => cards.testDecryption(card),
  'cards.definePin': (card: Parameters<Shared['cards.definePin']>[0]) => cards.definePin(card),
  'cards.unblock': (card: string) => cards.unblock(card),
  'cards.erase': (card: string) => cards.erase(card),
  'cards.health': () => cards.health(),
})

/** The operations that are the same for every client. */
export const sharedActs = (parts: ActsParts): Shared => {
  const { custody } = parts
  const { requireHeld, deliveries, journals } = custody.vault
  return {
    hello: async () => helloOf(parts),
    ping: async () => true,
    health: async () => {
      const vault = await requireHeld().then(
        () => true as const,
        () => 'the vault is out of reach',
      )
      return vault === true ? await custody.keysHealth() : vault
    },
    requireHeld: () => requireHeld(),
    ...keyActs(custody),
    ...dataKeyActs(parts),
    ...escrowActs(custody),
    'deliveries.put': (sha256, bytes, passphrase) => deliveries.put(sha256, bytes, passphrase),
    'deliveries.take': (sha256) => deliveries.take(sha256),
    'deliveries.remove': (sha256) => deliveries.remove(sha256),
    'deliveries.inventory': () => deliveries.inventory(),
    'deliveries.passphraseOf': (sha256) => deliveries.passphraseOf(sha256),
    'journals.journalOf': (key) => journals.journalOf(key),
    'journals.setJournal': (key, journal) => journals.setJournal(key, journal),
    ...cardActs(custody),
  }
}

const pageLength = 500
/** Readings that a client may have under way. */
const mostReadings = 16

type Reading = { readonly entries: AsyncIterator<EscrowEntry>; at: string }

const entryOf = ({ spkiSha256, kek, serial, state }: EscrowEntry): EscrowEntry => ({
  ...{ spkiSha256, kek, state },
  ...(serial === undefined ? {} : { serial }),
})

/** The pages of one client's readings. One that a stop cut off goes on behind the name that the client has reached. */
export const pagesOf = ({ vault: { escrow } }: HeldCustody): Operations['escrow.page'] => {
  const readings = new Map<number, Reading>()
  const open = (cursor: number, after: string): Reading => {
    const [oldest] = readings.keys()
    if (readings.size >= mostReadings && oldest !== undefined) readings.delete(oldest)
    const reading = { entries: escrow.rows(after)[Symbol.asyncIterator](), at: after }
    readings.set(cursor, reading)
    return reading
  }
  return async (cursor, after) => {
    const known = readings.get(cursor)
    const reading = known?.at === after ? known : open(cursor, after)
    const entries: EscrowEntry[] = []
    while (entries.length < pageLength) {
      const next = await reading.entries.next()
      if (next.done === true) {
        readings.delete(cursor)
        return { entries, isLast: true }
      }
      entries.push(entryOf(next.value))
    }
    reading.at = entries.at(-1)?.spkiSha256 ?? after
    return { entries, isLast: false }
  }
}
