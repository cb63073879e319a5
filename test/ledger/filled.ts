// A small ledger with real events in it, on a clock that stands still until it is moved.
import { createHash } from 'node:crypto'
import { certificate } from '../../domain/certificate.ts'
import { key } from '../../domain/key.ts'
import type { Env } from '../../domain/event.ts'
import { eventIdOf } from '../../ledger/ids.ts'
import type { DataKeys, Draft, Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import type { EventStore } from '../../ledger/store.ts'

export const log = 'test.example/registre/1'
export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const env = (command: string): Draft['env'] => {
  const made: Omit<Env, 'nonce'> = {
    ...{ commandId: command, correlationId: uuid(1), causationId: uuid(1), actor: uuid(7), role: 'program' },
    ...{ auth: 'service', policy: 1, release: 'test', occurredAt: '2026-03-02T09:00:00Z' },
  }
  return made
}

/** Data keys in memory, of a unit's name; those in `destroyed` are gone. */
export const memoryKeys = (destroyed: ReadonlySet<string> = new Set()): DataKeys & { asked: string[] } => {
  const asked: string[] = []
  const of = (keyId: string): Uint8Array => createHash('sha256').update(keyId).digest()
  return {
    asked,
    obtain: async (keyId) => {
      asked.push(keyId)
      return of(keyId)
    },
    find: async (keyId) => (destroyed.has(keyId) ? undefined : of(keyId)),
  }
}

/** Octets that are never the same twice, and the same in every run. */
export const seededBytes = (): ((length: number) => Uint8Array) => {
  let n = 0
  return (length) =>
    createHash('sha512')
      .update(`random ${(n += 1)}`)
      .digest()
      .subarray(0, length)
}

export const serialOf = (n: number): string => `4${String(n).padStart(31, '0')}`
export const spkiOf = (n: number): string => sha256(`key ${n}`)

export const bound = (n: number): Draft => {
  const command = uuid(1000 + n)
  const pub = { serial: serialOf(n), custody: 'escrow', request: uuid(2), session: 1, algorithm: 'rsa3072' }
  return { id: eventIdOf(command, 0), type: 'PublicKeyBound', pub, env: env(command), sealed: {} }
}

export const escrowed = (n: number): Draft => {
  const command = uuid(2000 + n)
  const digests = { blobSha256: sha256(`blob ${n}`), recordMac: sha256(`mac ${n}`) }
  const dates = { generatedAt: '2026-03-01T00:00:00Z', testedAt: '2026-03-02T09:00:00Z' }
  const term = { from: '2026-03-02T09:00:00Z', until: '2036-03-02T09:00:00Z' }
  const keyId = `escrow_${serialOf(n)}`
  return {
    ...{ id: eventIdOf(command, 0), type: 'KeyEscrowed', env: env(command) },
    pub: {
      serial: serialOf(n),
      person: uuid(3),
      request: uuid(2),
      kek: uuid(4),
      ...digests,
      ...dates,
      ...term,
    },
    sealed: {
      holderName: { keyId, value: `Zoë Dupont-${n}` },
      entity: { keyId, value: 'Direction générale' },
    },
  }
}

export const revoked = (n: number): Draft => {
  const command = uuid(3000 + n)
  return {
    ...{ id: eventIdOf(command, 0), type: 'CertificateAbandoned', env: env(command) },
    ...{ pub: { cause: 'lint', findings: [], maybeSigned: false }, sealed: {} },
  }
}

export type Filled = Readonly<{
  ledger: Ledger
  store: EventStore
  keys: DataKeys & { asked: string[] }
  /** Moves the clock, either way. */
  setNow: (at: string) => void
}>

export const openFilled = async (store: EventStore, keys = memoryKeys(), count = 0): Promise<Filled> => {
  let at = '2026-03-02T09:00:00.500Z'
  const ledger = createLedger({ store, keys, log, now: () => new Date(at), randomBytes: seededBytes() })
  for (let n = 0; n < count; n += 1) {
    await ledger.append(`${key.name}-${spkiOf(n)}`, [bound(n)], 'no_stream')
    await ledger.append(`${key.name}-${spkiOf(n)}`, [escrowed(n)], 0)
    await ledger.append(`${certificate.name}-${serialOf(n)}`, [revoked(n)], 'no_stream')
  }
  return {
    ...{ ledger, store, keys },
    setNow: (given) => {
      at = given
    },
  }
}
