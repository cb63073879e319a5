import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeAny } from '../../domain/aggregates.ts'
import { canonical } from '../../ledger/canonical.ts'
import { openDigestTable } from '../../ledger/digestTable.ts'
import { leafHash, leafRecord } from '../../ledger/leaf.ts'
import type { Body } from '../../ledger/ledger.ts'
import { createMerkleTree } from '../../ledger/merkle.ts'
import { sealField } from '../../ledger/sealing.ts'
import type { RecordedEvent } from '../../ledger/store.ts'
import { verifyLedger, type KnownHead, type VerifyOptions } from '../../ledger/verify.ts'
import { exampleLog, examples } from './examples.ts'
import { log, memoryKeys, openFilled, serialOf, uuid } from './filled.ts'
import { openListStore } from './listStore.ts'

type Records = readonly RecordedEvent[]
type Change = (records: Records) => Records

const iterate = async function* <T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
const options: VerifyOptions = { log, decode: decodeAny, keys: memoryKeys() }
const verify = (records: Records, more: Partial<VerifyOptions> = {}) =>
  verifyLedger(iterate(records), { ...options, ...more })
const messages = async (records: Records, known?: KnownHead) => {
  const { findings } = await verify(records, known === undefined ? {} : { known: [known] })
  return findings.map(({ message }) => message)
}

let records: Records
let head: KnownHead
beforeAll(async () => {
  const list: RecordedEvent[] = []
  await openFilled(openListStore(list), memoryKeys(), 3)
  records = list
  const { size, root } = await verify(records)
  head = { size, root }
})

const bodyOf = ({ data }: RecordedEvent): Body => JSON.parse(Buffer.from(data).toString('utf8')) as Body
const at =
  (index: number, change: (record: RecordedEvent) => Partial<RecordedEvent>): Change =>
  (all) =>
    all.map((record, i) => (i === index ? { ...record, ...change(record) } : record))
const textAt = (index: number, change: (text: string) => string): Change =>
  at(index, ({ data }) => ({ data: Buffer.from(change(Buffer.from(data).toString('utf8'))) }))
const bodyAt = (index: number, change: (body: Body) => object): Change =>
  at(index, (record) => ({ data: Buffer.from(canonical(change(bodyOf(record)))) }))
const pubAt = (index: number, more: object): Change =>
  bodyAt(index, (body) => ({ ...body, pub: { ...body.pub, ...more } }))
const sealAt = (index: number, field: string, more: object): Change =>
  bodyAt(index, (body) => ({
    ...body,
    sealed: { ...body.sealed, [field]: { ...body.sealed[field], ...more } },
  }))
const swap =
  (a: number, b: number): Change =>
  (all) =>
    all.map((record, i) => (i === a ? all[b]! : i === b ? all[a]! : record))

describe('a ledger as it was written', () => {
  it('proofs 1.1: has nothing to be found, and the root of its leaves', async () => {
    const sizes: number[] = []
    const verified = await verify(records, { known: [head], onProgress: (size) => sizes.push(size) })
    expect(verified).toEqual({ ...head, findings: [], found: 0, opened: 6, closed: 0 })
    expect(sizes).toEqual(records.map((_, i) => i + 1))
    const tree = createMerkleTree()
    for (const { stream, revision, id, type, ...record } of records) {
      const body = bodyOf({ stream, revision, id, type, ...record })
      tree.append(leafHash(leafRecord(log, { stream, revision, id, type, body })))
    }
    expect(tree.root().toString('hex')).toBe(head.root)
  })

  it('CGU-116: verifies to the same root when keys have been destroyed, and without any key', async () => {
    const { keys: _, ...blind } = options
    const none = await verifyLedger(iterate(records), blind)
    expect(none).toMatchObject({ ...head, found: 0, opened: 0, closed: 6 })
    const some = await verify(records, { keys: memoryKeys(new Set([`escrow_${serialOf(1)}`])) })
    expect(some).toMatchObject({ ...head, found: 0, opened: 4, closed: 2 })
  })

  it('proofs 1.4: the store’s own events are no leaves', async () => {
    const own = { ...records[0]!, type: '$metadata', stream: '$$key-1', id: uuid(77) }
    expect(await verify([own, ...records, own])).toMatchObject({ ...head, found: 0 })
  })

  it('an empty ledger has the empty root', async () => {
    const root = createHash('sha256').digest('hex')
    expect(await verify([])).toMatchObject({ size: 0, root, found: 0 })
  })

  it('events 7: the stored examples verify', async () => {
    const keys = { find: async (keyId: string) => createHash('sha256').update(keyId).digest() }
    const [escrowed] = examples
    const place = { position: { commit: 1n, prepare: 1n }, created: new Date(0), json: true }
    const { body, ...rest } = escrowed!.entry
    const record = { ...rest, revision: 0, ...place, data: Buffer.from(canonical(body)) }
    const verified = await verify([record], { log: exampleLog, keys, decode: () => undefined })
    expect(verified).toMatchObject({ size: 1, found: 0, opened: 2 })
  })
})

describe('tampering', () => {
  const elsewhere = { ct: Buffer.alloc(40, 7).toString('base64') }
  /** What anybody finds, from the ledger alone. */
  const inside: readonly (readonly [string, Change, RegExp])[] = [
    [
      'proofs 6 case 4: an event dropped from a stream',
      (all) => all.filter((_, i) => i !== 0),
      /revision 0 .* missing/,
    ],
    ['proofs 6 case 8: two events of a stream swapped', swap(0, 1), /missing before it/],
    ['proofs 6 case 10: an event doubled', (all) => [...all, all[0]!], /id comes twice/],
    [
      'proofs 6 case 10: an event doubled under the next revision',
      (all) => [...all, { ...all[0]!, revision: 2 }],
      /id comes twice/,
    ],
    [
      'proofs 6 case 11: an event dated before the one it follows',
      bodyAt(1, (body) => ({ ...body, at: '2026-03-02T09:00:00.499Z' })),
      /earlier than the event before it/,
    ],
    [
      'proofs 6 case 11: recorded before it happened',
      pubEnvAt(2, '2027-01-01T00:00:00Z'),
      /before it happened/,
    ],
    ['proofs 6 case 13: another type', at(1, () => ({ type: 'PublicKeyBound' })), /does not fit/],
    [
      'proofs 6 case 13: a type that nobody knows',
      at(2, () => ({ type: 'CertificateLost' })),
      /unknown event type/,
    ],
    [
      'proofs 6 case 14: another stream',
      at(1, () => ({ stream: `key-${'0'.repeat(64)}` })),
      /revision 0 .* missing/,
    ],
    ['proofs 6 case 14: a stream of no aggregate', at(2, () => ({ stream: 'thing-1' })), /no aggregate/],
    ['proofs 6 case 15: another id', at(1, () => ({ id: uuid(66) })), /the ciphertext, its place or its key/],
    [
      'proofs 6 case 16: ciphertexts of two persons swapped',
      (all) => sealAt(1, 'holderName', { ct: bodyOf(all[4]!).sealed['holderName']!.ct })(all),
      /the ciphertext, its place or its key/,
    ],
    [
      'proofs 6 case 17: whole seals of two persons swapped',
      (all) => bodyAt(1, (body) => ({ ...body, sealed: bodyOf(all[4]!).sealed }))(all),
      /the ciphertext, its place or its key/,
    ],
    [
      'proofs 6 case 17: two fields of one event swapped',
      bodyAt(1, ({ sealed, ...body }) => ({
        ...body,
        sealed: { entity: sealed['holderName'], holderName: sealed['entity'] },
      })),
      /the ciphertext, its place or its key/,
    ],
    [
      'proofs 6 case 18: a body blanked',
      at(1, ({ data }) => ({ data: Buffer.alloc(data.length, 255) })),
      /not JSON/,
    ],
    [
      'proofs 6 case 18: a ciphertext blanked',
      sealAt(1, 'entity', elsewhere),
      /the ciphertext, its place or its key/,
    ],
    ['proofs 6 case 18: a ciphertext cut', sealAt(1, 'entity', { ct: 'AAAA' }), /the ciphertext is cut/],
    [
      'proofs 6 case 19: a commitment replaced',
      sealAt(1, 'entity', { c: '0'.repeat(64) }),
      /not the one committed to/,
    ],
    [
      'proofs 6 case 24: a value sealed anew by somebody with the key, under the old commitment',
      (all) => sealAt(1, 'entity', { ct: resealed(all[1]!).ct })(all),
      /not the one committed to/,
    ],
    ['proofs 6 case 36: members in another order', textAt(1, reordered), /canonical form/],
    ['proofs 6 case 36: a blank', textAt(1, (text) => text.replace(':', ': ')), /canonical form/],
    [
      'proofs 6 case 37: an extra member',
      bodyAt(1, (body) => ({ ...body, more: 1 })),
      /members that it may not have/,
    ],
    ['proofs 6 case 37: an extra public field', pubAt(1, { more: 1 }), /does not fit/],
    ['proofs 6 case 37: an extra member of a seal', sealAt(1, 'entity', { more: 1 }), /not \{ k, c, ct \}/],
    [
      'proofs 6 case 37: base64 that reads the same and is written otherwise',
      (all) => sealAt(1, 'entity', { ct: `${bodyOf(all[1]!).sealed['entity']!.ct}\n` })(all),
      /not \{ k, c, ct \}/,
    ],
    ['proofs 6 case 37: metadata', at(1, () => ({ metadata: Buffer.from('{}') })), /store metadata/],
    [
      'proofs 6 case 38: a decomposed string',
      textAt(1, (text) => text.replace('test', 'te\u0301')),
      /canonical form/,
    ],
    [
      'proofs 6 case 53: a member twice',
      textAt(1, (text) => text.replace('{"at"', '{"at":"x","at"')),
      /canonical form/,
    ],
    [
      'proofs 6 case 54: a number beyond 2^53',
      textAt(1, (text) => text.replace('"policy":1', '"policy":9007199254740993')),
      /canonical form/,
    ],
    [
      'proofs 6 case 55: __proto__',
      textAt(1, (text) => text.replace('{"at"', '{"__proto__":{},"at"')),
      /canonical form/,
    ],
    [
      'another time format',
      bodyAt(2, (body) => ({ ...body, at: '2026-02-30T09:00:00.500Z' })),
      /at is not an instant/,
    ],
    ['another version', bodyAt(2, (body) => ({ ...body, v: 2 })), /not \{ v: 1, at, pub, sealed \}/],
  ]
  it.each(inside)('%s is found', async (_, change, expected) => {
    const found = await messages(change(records))
    expect(found.some((message) => expected.test(message))).toBe(true)
  })

  /** What the keeper of the ledger could do with everything recomputed: found against a head kept elsewhere. */
  const outside: readonly (readonly [string, Change])[] = [
    ['proofs 6 case 2: a public field edited', pubAt(2, { maybeSigned: true })],
    ['proofs 6 case 6: the tail cut off', (all) => all.slice(0, -1)],
    ['proofs 6 case 9: events of two streams swapped', swap(2, 5)],
    [
      'proofs 6 case 12: an event dated later',
      bodyAt(2, (body) => ({ ...body, at: '2026-03-02T09:00:01.000Z' })),
    ],
    [
      'proofs 6 case 24: a value sealed anew, commitment and all',
      (all) => sealAt(1, 'entity', resealed(all[1]!))(all),
    ],
  ]
  it.each(outside)('%s: the ledger alone looks whole, a known head shows it', async (_, change) => {
    expect(await messages(change(records))).toEqual([])
    expect(await messages(change(records), head)).not.toEqual([])
  })

  it('what is behind a known head may grow', async () => {
    const { root } = await verify(records.slice(0, 4))
    expect(await messages(records, { size: 4, root })).toEqual([])
    expect(await messages(records, { size: 4, root: head.root })).toEqual([
      expect.stringContaining('tree of 4 events'),
    ])
  })

  it('a finding says where, and of very many the first are told and all are counted', async () => {
    const broken = records.map((record) => ({ ...record, metadata: Buffer.from('{}') }))
    const { findings, found } = await verify(broken, { mostFindings: 2 })
    const { stream, revision } = records[1]!
    expect([findings.length, found]).toEqual([2, records.length])
    expect(findings[1]).toMatchObject({ index: 1, stream, revision })
  })
})

function pubEnvAt(index: number, occurredAt: string): Change {
  return bodyAt(index, ({ pub, ...body }) => ({
    ...body,
    pub: { ...pub, env: { ...(pub['env'] as object), occurredAt } },
  }))
}

function reordered(text: string): string {
  const { at: time, ...rest } = JSON.parse(text) as Record<string, unknown>
  return JSON.stringify({ ...rest, at: time })
}

function resealed({ id, ...record }: RecordedEvent): { k: string; c: string; ct: string } {
  const { k } = bodyOf({ id, ...record }).sealed['entity']!
  const key = createHash('sha256').update(k).digest()
  const nonce = Buffer.alloc(12, 3)
  return sealField({ log, eventId: id, field: 'entity' }, 'Une autre entité', { keyId: k, key, nonce })
}

describe('the table of digests', () => {
  it('holds what a Map would, keys that begin alike included, and grows', () => {
    const few = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => bytes.fill(0, 0, 4))
    const digestOf = (n: number): Uint8Array =>
      createHash('sha256').update(String(n)).digest().subarray(0, 16)
    const keys = fc.array(fc.oneof(few, fc.nat(3000).map(digestOf)), { maxLength: 60 })
    const many = Array.from({ length: 2500 }, (_, n) => digestOf(n))
    fc.assert(
      fc.property(keys, fc.boolean(), (asked, full) => {
        const table = openDigestTable(2)
        const model = new Map<string, readonly number[]>()
        for (const [n, key] of [...(full ? many : []), ...asked].entries()) {
          table.set(key, [n, -n])
          model.set(Buffer.from(key).toString('hex'), [n, -n])
        }
        expect(table.size()).toBe(model.size)
        for (const key of [...asked, ...many])
          expect(table.get(key)?.join()).toBe(model.get(Buffer.from(key).toString('hex'))?.join())
      }),
      { seed: 3, numRuns: 20 },
    )
  })
})
