import { describe, expect, it } from 'vitest'
import { key } from '../../domain/key.ts'
import { NotCanonical } from '../../ledger/canonical.ts'
import type { Draft, Entry } from '../../ledger/ledger.ts'
import { NotAnEntry } from '../../ledger/body.ts'
import { BadDraft } from '../../ledger/sealDrafts.ts'
import { BrokenSeal } from '../../ledger/sealing.ts'
import { StreamNotFound, WrongExpectedVersion } from '../../ledger/store.ts'
import { bound, env, escrowed, memoryKeys, openFilled, serialOf, spkiOf, uuid } from './filled.ts'
import { openListStore } from './listStore.ts'

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
const stream = `key-${spkiOf(0)}`

describe('load', () => {
  it('folds what was appended, opened, and knows what was written and where', async () => {
    const { ledger } = await openFilled(openListStore())
    expect(await ledger.load(key, spkiOf(0))).toEqual({
      state: key.initial,
      revision: -1,
      written: new Map(),
    })
    await ledger.append(stream, [bound(0)], 'no_stream')
    const position = await ledger.append(stream, [escrowed(0)], 0)
    const loaded = await ledger.load(key, spkiOf(0))
    expect(loaded.state).toMatchObject({ status: 'kept', serial: serialOf(0), holderName: 'Zoë Dupont-0' })
    expect(loaded.revision).toBe(1)
    expect([...loaded.written.keys()]).toEqual([bound(0).id, escrowed(0).id])
    expect(loaded.written.get(escrowed(0).id)).toEqual(position)
  })

  it('CGU-116: a field whose key is gone is { destroyed: true }, and the fold goes on', async () => {
    const store = openListStore()
    await openFilled(store, memoryKeys(), 1)
    const { ledger } = await openFilled(store, memoryKeys(new Set([`escrow_${serialOf(0)}`])))
    const { state } = await ledger.load(key, spkiOf(0))
    expect(state).toMatchObject({ status: 'kept', serial: serialOf(0), holderName: undefined })
  })

  it('CGU-116: of what is public alone, it is what is left once the keys are gone, and no key is fetched', async () => {
    const store = openListStore()
    const { ledger } = await openFilled(store, memoryKeys(), 1)
    const { ledger: purged } = await openFilled(store, memoryKeys(new Set([`escrow_${serialOf(0)}`])))
    const { ledger: without } = await openFilled(store, {
      ...memoryKeys(),
      find: () => Promise.reject(new Error('a data key was fetched')),
    })
    expect(await without.loadPublic(key, spkiOf(0))).toEqual(await purged.load(key, spkiOf(0)))
    expect((await ledger.load(key, spkiOf(0))).state).toMatchObject({ holderName: 'Zoë Dupont-0' })
    await expect(without.load(key, spkiOf(0))).rejects.toThrow('a data key was fetched')
  })

  it('stops at a stream whose beginning was truncated away, or which holds something else', async () => {
    const { store } = await openFilled(openListStore(), memoryKeys(), 1)
    const records = await collect(store.readAll())
    const { ledger } = await openFilled(openListStore(records.slice(1)))
    await expect(ledger.load(key, spkiOf(0))).rejects.toThrow(NotAnEntry)
    const data = Buffer.from('{"v":1}')
    const foreign = openListStore([{ ...records[0]!, data }])
    await expect((await openFilled(foreign)).ledger.load(key, spkiOf(0))).rejects.toThrow(NotAnEntry)
  })

  it('stops at a seal that was broken', async () => {
    const { store } = await openFilled(openListStore(), memoryKeys(), 1)
    const records = await collect(store.readAll())
    const moved = records.map((record, i) => (i === 1 ? { ...record, id: uuid(99) } : record))
    const { ledger } = await openFilled(openListStore(moved))
    await expect(ledger.load(key, spkiOf(0))).rejects.toThrow(BrokenSeal)
  })
})

describe('append', () => {
  it('events 6: at has milliseconds, and is never earlier than the stream’s last', async () => {
    const store = openListStore()
    const { ledger, setNow } = await openFilled(store)
    await ledger.append(stream, [bound(0)], 'no_stream')
    setNow('2026-03-02T08:00:00.000Z')
    await ledger.append(stream, [escrowed(0)], 0)
    // Another process on the same store, whose clock is behind, has to look.
    const other = await openFilled(store)
    other.setNow('2026-03-02T07:00:00.000Z')
    await other.ledger.append(stream, [{ ...bound(1), id: uuid(50) }], 1)
    await other.ledger.load({ ...key, evolve: (state) => state }, spkiOf(0))
    await other.ledger.append(stream, [{ ...bound(1), id: uuid(51) }], 2)
    other.setNow('2026-03-02T10:00:00.001Z')
    await other.ledger.append(stream, [{ ...bound(1), id: uuid(52) }], 3)
    const first = '2026-03-02T09:00:00.500Z'
    expect((await collect(ledger.stream(stream))).map(({ body }) => body.at)).toEqual([
      ...[first, first, first, first],
      '2026-03-02T10:00:00.001Z',
    ])
  })

  it('given again at the same place it writes nothing and answers the same; at another it is refused', async () => {
    const { ledger } = await openFilled(openListStore())
    const first = await ledger.append(stream, [bound(0)], 'no_stream')
    await ledger.append(stream, [escrowed(0)], 0)
    expect(await ledger.append(stream, [bound(0)], 'no_stream')).toEqual(first)
    await expect(ledger.append(stream, [{ ...bound(0), id: uuid(5) }], 'no_stream')).rejects.toThrow(
      WrongExpectedVersion,
    )
    expect(await collect(ledger.entries())).toHaveLength(2)
  })

  it('events 6: stores the canonical body and nothing else, a fresh nonce in each', async () => {
    const { store } = await openFilled(openListStore(), memoryKeys(), 2)
    const records = await collect(store.readAll())
    for (const { data, metadata, json } of records) {
      const text = Buffer.from(data).toString('utf8')
      expect(JSON.stringify(JSON.parse(text))).toBe(text)
      expect([metadata, json]).toEqual([undefined, true])
      expect(text.startsWith('{"at":')).toBe(true)
      expect(text).not.toContain('Dupont')
    }
    const nonces = records.map(
      ({ data }) => /"nonce":"([0-9a-f]{32})"/.exec(Buffer.from(data).toString('utf8'))?.[1],
    )
    expect(new Set(nonces).size).toBe(records.length)
  })

  const change = (changes: object): Draft => ({ ...escrowed(0), ...changes })
  const sealedAs = (name: string, value: unknown, keyId = 'reg_1') => ({ [name]: { keyId, value } })
  it.each([
    ['a float', change({ pub: { n: 1.5 } }), NotCanonical],
    ['an unsafe integer', change({ pub: { n: 2 ** 60 } }), NotCanonical],
    ['an undefined member', change({ pub: { n: undefined } }), NotCanonical],
    ['a decomposed name', change({ sealed: sealedAs('name', 'Zoe\u0308') }), NotCanonical],
    ['a lone surrogate', change({ sealed: sealedAs('name', '\udfff') }), NotCanonical],
    ['a field name with a bar', change({ sealed: sealedAs('a|b', 'x') }), NotCanonical],
    ['__proto__', change({ pub: JSON.parse('{"__proto__":1}') as object }), NotCanonical],
    ['an envelope of its own', change({ pub: { env: {} } }), BadDraft],
    ['a broken envelope', change({ env: { ...env(uuid(1)), policy: 0.5 } }), NotCanonical],
    ['a key id with a bar', change({ sealed: sealedAs('name', 'x', 'reg|1') }), BadDraft],
    ['a system type', change({ type: '$metadata' }), BadDraft],
    ['an id in capitals', change({ id: 'ABCDEF00-0000-4000-8000-000000000000' }), BadDraft],
  ] as const)(
    'proofs 1.1: %s is refused before a key is made or an event written',
    async (_, draft, error) => {
      const { ledger, keys } = await openFilled(openListStore())
      await expect(ledger.append(stream, [bound(0), draft], 'no_stream')).rejects.toThrow(error)
      expect([keys.asked, await collect(ledger.entries())]).toEqual([[], []])
    },
  )

  it.each(['$key-1', 'key', 'Key-1', 'key-é', 'key-1|2', ''])(
    'events 6: stream %j is refused',
    async (name) => {
      const { ledger } = await openFilled(openListStore())
      await expect(ledger.append(name, [bound(0)], 'no_stream')).rejects.toThrow(BadDraft)
      await expect(ledger.append(stream, [], 'no_stream')).rejects.toThrow(BadDraft)
      await expect(ledger.append(stream, [bound(0), bound(0)], 'no_stream')).rejects.toThrow(BadDraft)
    },
  )
})

describe('reading all', () => {
  const system = async () => {
    const { store } = await openFilled(openListStore(), memoryKeys(), 2)
    const records = await collect(store.readAll())
    const alien = records.map((record, i) =>
      i === 1 ? { ...record, type: '$metadata' } : i === 5 ? { ...record, stream: '$settings' } : record,
    )
    return openFilled(openListStore(alien))
  }

  it('proofs 1.4: entries in order from after a place, the store’s own events left out', async () => {
    const { ledger } = await system()
    const all = await collect(ledger.entries())
    expect(all.map(({ type }) => type)).toEqual([
      'PublicKeyBound',
      'CertificateAbandoned',
      'PublicKeyBound',
      'KeyEscrowed',
    ])
    for (const [i, { position }] of all.entries())
      expect(await collect(ledger.entries(position))).toEqual(all.slice(i + 1))
    expect(await ledger.head()).toEqual(all.at(-1)!.position)
    expect(await (await openFilled(openListStore())).ledger.head()).toBeUndefined()
  })

  it('proofs 1.4: follow brings what is there, says once that it has caught up, and goes on with what comes', async () => {
    const { ledger } = await system()
    const seen: (Entry | 'caughtUp')[] = []
    const follower = ledger.follow((await collect(ledger.entries()))[1]!.position)
    for await (const item of follower) {
      seen.push(item)
      if (item === 'caughtUp') await ledger.append(`key-${spkiOf(9)}`, [bound(9)], 'no_stream')
      else if (item.id === bound(9).id) await follower.stop()
    }
    expect(seen.map((item) => (item === 'caughtUp' ? item : item.type))).toEqual([
      'PublicKeyBound',
      'KeyEscrowed',
      'caughtUp',
      'PublicKeyBound',
    ])
  })

  it('one entry: opened with keys, closed without', async () => {
    const { ledger } = await openFilled(openListStore(), memoryKeys(), 1)
    const entry = (await collect(ledger.stream(stream)))[1]!
    expect((await ledger.open(entry)).sealed).toEqual({
      holderName: 'Zoë Dupont-0',
      entity: 'Direction générale',
    })
    const gone = { destroyed: true }
    expect(ledger.publicPart(entry)).toEqual({
      ...{ type: 'KeyEscrowed', pub: entry.body.pub },
      sealed: { holderName: gone, entity: gone },
    })
    await expect(collect(ledger.stream('key-absent'))).rejects.toThrow(StreamNotFound)
  })
})
