// A ledger of any size with events as they are in production: one agent's whole life, lived once through the HTTP API, and
// copied under other identifiers. Each copy is sealed anew, so every seal opens and every stream folds.
import { createHash, randomBytes } from 'node:crypto'
import type { Json } from '../../domain/kernel.ts'
import type { Draft, Entry, Ledger } from '../../ledger/ledger.ts'
import { sealDrafts, type Sealing } from '../../ledger/sealDrafts.ts'
import type { EventStore, Expected, Proposed } from '../../ledger/store.ts'
import { openEmbedded } from '../support/embedded.ts'
import { done, inUse, revocation } from '../support/life.ts'
import { recovered } from '../support/recoveredLife.ts'
import { withWorkers } from './bench.ts'

export const log = 'bench.example/registre/1'

export type Written = Readonly<{ stream: string; draft: Draft }>

export type Lives = Readonly<{
  /** What a ledger begins with: the ceremony and the documents. */
  beginning: readonly Written[]
  /** The life's events in the order they were written, under the identifiers of copy `n`. */
  copy: (n: number) => readonly Written[]
}>

/** A uuid, a SHA-256 or a serial, wherever it stands. */
const identifier =
  /(?<![0-9a-f])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])/g

const draftOf = async (ledger: Ledger, entry: Entry): Promise<Draft> => {
  const { env, ...pub } = entry.body.pub
  const { nonce: _, ...rest } = env as Readonly<Record<string, Json>>
  const { sealed } = await ledger.open(entry)
  const fields = Object.entries(sealed).map(([field, value]) => {
    const keyId = entry.body.sealed[field]?.k ?? ''
    return [field, { keyId, value: value }] as const
  })
  const { id, type } = entry
  return { id, type, pub, env: rest as unknown as Draft['env'], sealed: Object.fromEntries(fields) }
}

const writtenAfter = async (ledger: Ledger, from: number): Promise<readonly Written[]> => {
  const written: Written[] = []
  let rank = 0
  for await (const entry of ledger.entries())
    if (rank++ >= from) written.push({ stream: entry.stream, draft: await draftOf(ledger, entry) })
  return written
}

/** Lives the life. Takes some seconds. */
export const openLives = async (): Promise<Lives> => {
  const product = await openEmbedded()
  try {
    await product.settle()
    const beginning = await writtenAfter(product.ledger, 0)
    const life = await inUse(product)
    await recovered(product, life)
    done(await life.holder.post(`/certificates/${life.serial}/revocation`, revocation))
    // A CRL is of the whole authority, not of a life.
    const all = await writtenAfter(product.ledger, beginning.length)
    const text = JSON.stringify(all.filter(({ stream }) => !stream.startsWith('crl-')))
    const shared = new Set(JSON.stringify(beginning).match(identifier))
    return {
      beginning,
      copy: (n) => {
        const mark = n.toString(16).padStart(8, '0')
        const renamed = text.replace(identifier, (id) => (shared.has(id) ? id : id.slice(0, -8) + mark))
        return JSON.parse(renamed) as readonly Written[]
      },
    }
  } finally {
    await product.close()
  }
}

/** Data keys in memory: what is measured is the ledger. */
export const sealing = (): Sealing => {
  const made = new Map<string, Uint8Array>()
  const of = (keyId: string): Uint8Array => {
    const key = made.get(keyId) ?? createHash('sha256').update(keyId).digest()
    made.set(keyId, key)
    return key
  }
  return {
    log,
    keys: { obtain: async (keyId) => of(keyId), find: async (keyId) => of(keyId) },
    randomBytes,
  }
}

const at = (n: number): string => new Date(Date.UTC(2026, 2, 2, 9) + n).toISOString()

export type Sealed = Readonly<{ stream: string; event: Proposed }>

export const sealCopy = async (
  by: Sealing,
  written: readonly Written[],
  n: number,
): Promise<readonly Sealed[]> => {
  const events = await sealDrafts(
    by,
    written.map(({ draft }) => draft),
    at(n),
  )
  return written.flatMap(({ stream }, i) => {
    const event = events[i]
    return event === undefined ? [] : [{ stream, event }]
  })
}

/** The sealed events of as many copies as hold `count` events, cut to `count`. */
export const sealMany = async (lives: Lives, count: number): Promise<readonly Sealed[]> => {
  const by = sealing()
  const all: Sealed[] = []
  for (let n = 1; all.length < count; n += 1) all.push(...(await sealCopy(by, lives.copy(n), n)))
  return all.slice(0, count)
}

/**
 * Writes the beginning and then whole lives, until the store holds `count` events.
 * @returns how many it holds
 */
export const fill = async (store: EventStore, lives: Lives, count: number): Promise<number> => {
  const by = sealing()
  const write = async (written: readonly Written[], n: number): Promise<void> => {
    const next = new Map<string, number>()
    for (const { stream, event } of await sealCopy(by, written, n)) {
      const revision = next.get(stream) ?? 0
      const expected: Expected = revision === 0 ? 'no_stream' : revision - 1
      await store.append(stream, [event], expected)
      next.set(stream, revision + 1)
    }
  }
  await write(lives.beginning, 0)
  const each = lives.copy(1).length
  const copies = Math.ceil((count - lives.beginning.length) / each)
  // At once, as in production the lives of many agents are: their events lie between one another's.
  await withWorkers(128, copies, (n) => write(lives.copy(n + 1), 1))
  return lives.beginning.length + copies * each
}
